#!/usr/bin/env bash
# Measures Thorax on an NVIDIA card: latency and throughput of six networks in f32 and fp16, the memory that the card holds under
# budgets of 8, 4, 2 and 1 GiB, whether the results are those of the processor, and PyTorch with and without autocast on the
# same card in the same run. Prints a table, row by row; ends with 1 where a budget or a result does not hold, and where there is
# no card.
#
#   bench/gpu.sh                            fetches what it needs from PyPI into .cache/gpu (some gigabytes)
#   bench/gpu.sh --seconds 150 --runs 50    in so much time; bench/gpu.sh --help has more
#   THORAX_GPU_LIBRARY=…/libonnxruntime.so LD_LIBRARY_PATH=… bench/gpu.sh      takes the library that is given
#   THORAX_GPU_PYTHON=python3 bench/gpu.sh  everything of Python with this interpreter: it has PyTorch, the training's other packages
#                                           and nvidia-ml-py; without it PyTorch's rows come from training/.venv
#   THORAX_GPU_PROGRAM=…/thorax bench/gpu.sh         this program instead of building one
#   THORAX_GPU_TENSORRT=0 bench/gpu.sh               without TensorRT
#   THORAX_GPU_OUTPUT=file bench/gpu.sh              writes everything to this file as well
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${THORAX_GPU_OUTPUT:-}" ]; then
    exec > >(tee -a "$THORAX_GPU_OUTPUT") 2>&1
fi

# The newest release for cards on PyPI; the one for the processor is a step further.
version=${THORAX_GPU_VERSION:-1.31.1}
venv=.cache/gpu

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv; then
    echo "bench/gpu.sh: no NVIDIA card or no driver here; nothing was measured" >&2
    exit 1
fi

python=${THORAX_GPU_PYTHON:-}
if [ -z "$python" ]; then
    scripts/toolchain.sh python
    if [ ! -x $venv/bin/pip ]; then
        mkdir -p .cache
        python3 -m venv $venv
    fi
    python=$venv/bin/python
    $python -m pip install --quiet --disable-pip-version-check nvidia-ml-py
elif ! python=$(command -v "$python"); then
    echo "bench/gpu.sh: there is no interpreter $THORAX_GPU_PYTHON" >&2
    exit 1
fi

library=${THORAX_GPU_LIBRARY:-}
if [ -z "$library" ]; then
    echo "bench/gpu.sh: fetching onnxruntime-gpu $version with CUDA and cuDNN (some gigabytes, once)" >&2
    $python -m pip install --quiet --disable-pip-version-check "onnxruntime-gpu[cuda,cudnn]==$version"
    if [ "${THORAX_GPU_TENSORRT:-1}" = 1 ] && ! $python -m pip install --quiet --disable-pip-version-check tensorrt; then
        echo "bench/gpu.sh: TensorRT cannot be had; its rows will say so" >&2
    fi
    packages=$($python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    library=$(find "$packages/onnxruntime/capi" -name 'libonnxruntime.so.*' | sort | tail -n 1)
    # The libraries of these packages lie each in a folder of its own.
    folders=$(find "$packages" \( -path '*/nvidia/*' -o -path '*/tensorrt_libs/*' \) -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
    export LD_LIBRARY_PATH="$folders${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
if [ ! -f "$library" ]; then
    echo "bench/gpu.sh: there is no library ${library:-of ONNX Runtime for cards}; give one with THORAX_GPU_LIBRARY" >&2
    exit 1
fi

program=${THORAX_GPU_PROGRAM:-}
if [ -z "$program" ]; then
    scripts/toolchain.sh
    cargo build --release --locked --package thorax-server
    program=target/release/thorax
fi

engines=cuda
if [ "${THORAX_GPU_TENSORRT:-1}" = 1 ]; then engines=cuda,tensorrt; fi
if ! timeout 120 "$program" doctor --engine cuda --onnxruntime "$library"; then
    echo "bench/gpu.sh: the card cannot be used; what the loader says with LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}:" >&2
    "$python" bench/gpu/loader.py "$library" >&2 || true
fi
torch=training/.venv/bin/python
if [ -n "${THORAX_GPU_PYTHON:-}" ]; then torch=$python; fi
exec "$python" bench/gpu --onnxruntime "$library" --program "$program" --python "$torch" --engines "$engines" "$@"
