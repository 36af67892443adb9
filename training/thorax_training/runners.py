"""One graph in one precision: who computes it here, and how.

f32   ONNX Runtime, the graph as it is: what the golden values were made with
bf16  OpenVINO, products of bfloat16 summed in float32
int8  the same, and matrix products (not convolutions) with both factors in int8: the activations are scaled at run
      time, 64 at a time: measurably faster than the 32 that OpenVINO takes by itself, and hardly less exact
fp16  ONNX Runtime on the roundings of half precision (`half`)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from thorax_training import graphs, half

PRECISIONS = ("bf16", "int8", "fp16")
GROUPS = {"bf16": "0", "int8": "64"}
"""Activations that share one scale; 0 keeps matrix products in bfloat16."""
NEEDED = ("BF16", "INT8")
OUTPUTS = ("cam", "embedding")
Run = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""Images `[N, 1, H, W]` -> OUTPUTS."""


def has_matrix_products(file: Path) -> bool:
    """Return whether int8 is anything else than bf16 for a graph."""
    return any(node.op_type == "MatMul" for node in onnx.load(file).graph.node)


def versions() -> dict[str, str]:
    """Return who computed what, for the report."""
    import onnxruntime
    import openvino

    other, own = f"OpenVINO {openvino.__version__.split('-')[0]}", f"ONNX Runtime {onnxruntime.__version__}"
    return {"f32": own, "bf16": other, "int8": other, "fp16": f"{own}, rounded to half between operators"}


def open_graph(file: Path, precision: str) -> Run:
    """Open a graph of the bundle on one thread."""
    return _openvino(file, precision) if precision in GROUPS else _onnxruntime(file, precision)


def _onnxruntime(file: Path, precision: str) -> Run:
    session = graphs.session(half.emulate(onnx.load(file)) if precision == "fp16" else file, threads=1)
    return lambda image: tuple(session.run(list(OUTPUTS), {"image": image}))


def _openvino(file: Path, precision: str) -> Run:
    """Open in OpenVINO, which computes in float32 without a word where the processor has no bfloat16: then refuse."""
    import openvino

    core = openvino.Core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    missing = [name for name in NEEDED if name not in able]
    if missing:
        raise ValueError(f"this processor does not compute in {' and '.join(missing)}: run the stage on one that does")
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUPS[precision],
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
    }
    request = core.compile_model(str(file), "CPU", settings).create_infer_request()

    def run(image: np.ndarray) -> tuple[np.ndarray, ...]:
        results = request.infer({"image": image})
        return tuple(np.array(results[name], np.float32) for name in OUTPUTS)

    return run
