"""From a torch backbone to a plain ONNX graph: batch norms folded, padding inside the convolutions, nothing exotic."""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn

OPSET = 17
SIDE = 224


def export_backbone(module: nn.Module) -> onnx.ModelProto:
    """Export `[N, 1, 224, 224]` -> `grid`; the exporter folds batch norms into the convolutions before them."""
    stream = io.BytesIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.zeros(2, 1, SIDE, SIDE),),
            stream,
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=["grid"],
            do_constant_folding=True,
            dynamic_axes={"image": {0: "N"}, "grid": {0: "N"}},
        )
    model = _fold_constants(stream.getvalue())
    _make_ceil_pools_plain(model)
    _move_pads_into_convolutions(model)
    _drop_unused(model)
    if any(node.op_type == "BatchNormalization" for node in model.graph.node):
        raise ValueError("a batch norm was not folded")
    return model


def _fold_constants(content: bytes) -> onnx.ModelProto:
    """Let onnxruntime fold the shape arithmetic that the trace leaves behind; only standard operators come out."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(target)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        model = onnx.load(target)
    standard = [entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    if any(node.domain not in ("", "ai.onnx") for node in model.graph.node):
        raise ValueError("folding brought in an operator outside the standard set")
    return model


def _attributes(node: onnx.NodeProto) -> dict[str, onnx.AttributeProto]:
    return {attribute.name: attribute for attribute in node.attribute}


def _set(node: onnx.NodeProto, name: str, value: object) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, onnx.helper.make_attribute(name, value)])


def _make_ceil_pools_plain(model: onnx.ModelProto) -> None:
    """A 3x3 stride-2 pool in ceil mode on an even grid is the same pool with one pixel of padding below and right."""
    for node in model.graph.node:
        attributes = _attributes(node)
        if node.op_type == "MaxPool" and "ceil_mode" in attributes and attributes["ceil_mode"].i:
            _set(node, "ceil_mode", 0)
            _set(node, "pads", [0, 0, 1, 1])


def _constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return values


def _move_pads_into_convolutions(model: onnx.ModelProto) -> None:
    """TensorFlow's uneven padding comes out as a Pad node; a convolution can pad unevenly by itself."""
    constants = _constants(model)
    pads = {node.output[0]: node for node in model.graph.node if node.op_type == "Pad"}
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[0] not in pads:
            continue
        pad = pads[node.input[0]]
        before_after = [int(value) for value in constants[pad.input[1]]]
        own = list(_attributes(node)["pads"].ints)
        _set(node, "pads", [a + b for a, b in zip(own, before_after[2:4] + before_after[6:8], strict=True)])
        node.input[0] = pad.input[0]


def _drop_unused(model: onnx.ModelProto) -> None:
    """Remove nodes and initialisers whose result nobody reads."""
    wanted, kept = {output.name for output in model.graph.output}, []
    for node in reversed(model.graph.node):
        if any(name in wanted for name in node.output):
            wanted.update(node.input)
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    initializers = [item for item in model.graph.initializer if item.name in wanted]
    del model.graph.initializer[:]
    model.graph.initializer.extend(initializers)
    del model.graph.value_info[:]


def session(model: onnx.ModelProto | Path, threads: int = 2) -> onnxruntime.InferenceSession:
    """Open a graph in onnxruntime, weights unpacked to float32 at load, computing in float32."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def largest_difference(module: nn.Module, model: onnx.ModelProto) -> float:
    """Return the largest difference between module and graph on noise, relative to the largest value."""
    image = np.random.default_rng(1).random((2, 1, SIDE, SIDE), dtype=np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(image)).numpy()
    actual = session(model).run(["grid"], {"image": image})[0]
    return float(np.abs(actual - expected).max() / np.abs(expected).max())
