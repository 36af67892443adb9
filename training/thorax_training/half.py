"""A graph as it computes where weights and intermediate results are in half precision, for a CPU.

The graph stays in float32; every weight is rounded to half beforehand, and whatever an operator computes is rounded to half
before the next one reads it. That reproduces the roundings between operators and an overflow of half's range (65504), not
a graphics card's kernels: those may sum in half inside an operator, and may fuse operators and then round less often.
Casts say plainly where is rounded. Half operators proper would not: on a CPU without them ONNX Runtime computes in float32
and leaves roundings out between neighbours.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thorax_training import quantise
from thorax_training.channels import IMAGE

COMPUTES = frozenset(
    "Add AveragePool Conv Div Erf GlobalAveragePool LayerNormalization MatMul Mul Softmax".split(),
)
"""Operators whose results are new numbers."""
PASSES_ON = frozenset(
    "Clip Concat Flatten MaxPool Pad Relu Reshape Slice Split Squeeze Transpose".split(),
)
"""Operators that move, drop or limit numbers: what comes out of halves is halves."""


def emulate(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with half's roundings in it; refuse one with an operator that is in neither list."""
    model = quantise.unpack(model)
    for item in model.graph.initializer:
        if item.data_type == TensorProto.FLOAT:
            item.CopyFrom(numpy_helper.from_array(_halved(item), item.name))
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            raise ValueError(f"{node.name}: constants are expected among the weights")
        if node.op_type not in COMPUTES | PASSES_ON:
            raise ValueError(f"{node.name}: what {node.op_type} does in half precision is not known here")
        node.input[:] = [f"{IMAGE}_half" if name == IMAGE else name for name in node.input]
        nodes.append(node)
        if node.op_type in COMPUTES:
            (result,) = node.output
            node.output[0] = f"{result}_exact"
            nodes += _rounding(f"{result}_exact", result)
    del model.graph.node[:]
    model.graph.node.extend([*_rounding(IMAGE, f"{IMAGE}_half"), *nodes])
    onnx.checker.check_model(model)
    return model


def _halved(item: onnx.TensorProto) -> np.ndarray:
    with np.errstate(over="ignore"):
        rounded = numpy_helper.to_array(item).astype(np.float16).astype(np.float32)
    if not np.isfinite(rounded).all():
        raise ValueError(f"{item.name} holds values beyond half's range")
    return rounded


def _rounding(exact: str, rounded: str) -> list[onnx.NodeProto]:
    """Return the nodes that bring a float32 tensor to half and back."""
    half = f"{rounded}_as_half"
    return [
        helper.make_node("Cast", [exact], [half], name=half, to=TensorProto.FLOAT16),
        helper.make_node("Cast", [half], [rounded], name=f"{rounded}_rounded", to=TensorProto.FLOAT),
    ]
