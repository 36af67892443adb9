"""From a torch backbone to a plain ONNX graph: batch norms folded, padding inside the convolutions, nothing exotic."""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

if TYPE_CHECKING:
    from torch import nn

OPSET = 17
SIDE = 224


def export(module: nn.Module, side: int = SIDE, output: str = "grid") -> onnx.ModelProto:
    """Export `[N, 1, side, side]` -> `output`; the exporter folds batch norms into the convolutions before them."""
    import torch

    stream = io.BytesIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.zeros(2, 1, side, side),),
            stream,
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=[output],
            do_constant_folding=True,
            dynamic_axes={"image": {0: "N"}, output: {0: "N"}},
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


def widen(model: onnx.ModelProto, taps: tuple[str, ...], side: int) -> onnx.ModelProto:
    """Join earlier layers to the last grid: `grid` gets their channels, each brought to `side` cells by mean pooling.

    Mean pooling over whole blocks keeps the mean of a grid, so that a head on the joined mean has an exact map still.
    """
    shapes = {
        value.name: value.type.tensor_type.shape for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    for node in model.graph.node:
        node.output[:] = ["grid_last" if name == "grid" else name for name in node.output]
    joined = ["grid_last"]
    for number, tap in enumerate(taps):
        sizes = [dimension.dim_value for dimension in shapes[tap].dim]
        name, pieces = f"tap_{number}", side * side
        if len(sizes) == 3:
            _token_grid(model, tap, name, (sizes[2], side))
        elif sizes[2] == side:
            name = tap
        else:
            fold = sizes[2] // side
            if fold * fold * pieces != sizes[2] * sizes[3]:
                raise ValueError(f"{tap} has {sizes[2]} x {sizes[3]} cells, which do not make {side} x {side}")
            shape = {"kernel_shape": [fold, fold], "strides": [fold, fold]}
            model.graph.node.append(onnx.helper.make_node("AveragePool", [tap], [name], name=name, **shape))
        joined.append(name)
    model.graph.node.append(onnx.helper.make_node("Concat", joined, ["grid"], name="grid", axis=1))
    channels = model.graph.output[0].type.tensor_type.shape.dim[1]
    channels.ClearField("dim_value")
    channels.dim_param = "E"
    onnx.checker.check_model(model)
    return model


def _token_grid(model: onnx.ModelProto, tokens: str, name: str, size: tuple[int, int]) -> None:
    """Append what makes a grid of a transformer's tokens, the class token (the first) left out."""
    width, side = size
    for suffix, values in (("from", [1]), ("to", [side * side + 1]), ("axis", [1]), ("shape", [-1, width, side, side])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), f"{name}_{suffix}"))
    inputs = [tokens, f"{name}_from", f"{name}_to", f"{name}_axis"]
    model.graph.node.extend(
        [
            onnx.helper.make_node("Slice", inputs, [f"{name}_patches"], name=f"{name}_patches"),
            onnx.helper.make_node(
                "Transpose", [f"{name}_patches"], [f"{name}_rows"], name=f"{name}_rows", perm=[0, 2, 1]
            ),
            onnx.helper.make_node("Reshape", [f"{name}_rows", f"{name}_shape"], [name], name=name),
        ]
    )


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
    import torch

    image = np.random.default_rng(1).random((2, 1, SIDE, SIDE), dtype=np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(image)).numpy()
    actual = session(model).run(["grid"], {"image": image})[0]
    return float(np.abs(actual - expected).max() / np.abs(expected).max())
