#!/usr/bin/env bash
# Measures Thorax on an NVIDIA card: latency and throughput of six networks in f32 and fp16, the memory that the card holds under
# budgets of 8, 4, 2 and 1 GiB, whether the results are those of the processor, and PyTorch with and without autocast on the
# same card in the same run. Prints tables; ends with 1 where a budget or a result does not hold, and where there is no card.
#
#   bench/gpu.sh                            fetches what it needs from PyPI into .cache/gpu (some gigabytes)
#   THORAX_GPU_LIBRARY=…/libonnxruntime.so LD_LIBRARY_PATH=… bench/gpu.sh      takes the library that is given
#   THORAX_GPU_PYTHON=…/bin/python bench/gpu.sh      PyTorch's rows with this interpreter, which has the training environment
#   THORAX_GPU_TENSORRT=0 bench/gpu.sh               without TensorRT
set -euo pipefail
cd "$(dirname "$0")/.."

# The release that the library for the processor is pinned to as well.
version=${THORAX_GPU_VERSION:-1.32.0}
venv=.cache/gpu

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv; then
    echo "bench/gpu.sh: no NVIDIA card or no driver here; nothing was measured" >&2
    exit 1
fi

scripts/toolchain.sh
if [ ! -x $venv/bin/pip ]; then
    mkdir -p .cache
    python3 -m venv $venv
fi
$venv/bin/pip install --quiet --disable-pip-version-check nvidia-ml-py

library=${THORAX_GPU_LIBRARY:-}
if [ -z "$library" ]; then
    echo "bench/gpu.sh: fetching onnxruntime-gpu $version with CUDA and cuDNN into $venv (some gigabytes, once)" >&2
    $venv/bin/pip install --quiet --disable-pip-version-check "onnxruntime-gpu[cuda,cudnn]==$version"
    if [ "${THORAX_GPU_TENSORRT:-1}" = 1 ] && ! $venv/bin/pip install --quiet --disable-pip-version-check tensorrt; then
        echo "bench/gpu.sh: TensorRT cannot be had; its rows will say so" >&2
    fi
    packages=$($venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    library=$(find "$packages/onnxruntime/capi" -name 'libonnxruntime.so.*' | sort | tail -n 1)
    # The libraries of these packages lie each in a folder of its own.
    folders=$(find "$packages" \( -path '*/nvidia/*' -o -path '*/tensorrt_libs/*' \) -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
    export LD_LIBRARY_PATH="$folders${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
if [ ! -f "$library" ]; then
    echo "bench/gpu.sh: there is no library ${library:-of ONNX Runtime for cards}; give one with THORAX_GPU_LIBRARY" >&2
    exit 1
fi

cargo build --release --locked --package thorax-server
exec $venv/bin/python bench/gpu --library "$library" --tensorrt "${THORAX_GPU_TENSORRT:-1}" \
    --python "${THORAX_GPU_PYTHON:-training/.venv/bin/python}" "$@"
