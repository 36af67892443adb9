"""Weights as one byte each: symmetric, one scale per output channel, unpacked to float32 when an engine loads them."""

from __future__ import annotations

import copy

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 1024
"""Tensors with fewer values than this stay float32."""


def output_axis(node: onnx.NodeProto) -> int | None:
    """Return the axis of output channels of the second input, or None if the node has no weight there."""
    if node.op_type == "Conv":
        return 0
    if node.op_type == "MatMul":
        return 1
    if node.op_type == "Gemm":
        transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
        return 0 if transposed else 1
    return None


def quantise_tensor(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (int8 values, float32 scale per channel); the largest value of each channel becomes 127."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    largest = np.abs(weight).max(axis=others)
    scale = np.where(largest > 0, largest / 127.0, 1.0).astype(np.float32)
    coded = np.rint(weight / _along(scale, weight.ndim, axis))
    return np.clip(coded, -127, 127).astype(np.int8), scale


def _along(scale: np.ndarray, dimensions: int, axis: int) -> np.ndarray:
    shape = [1] * dimensions
    shape[axis] = -1
    return scale.reshape(shape)


def unpack_nodes(name: str, coded: np.ndarray, scale: np.ndarray, axis: int) -> tuple[list, list]:
    """Return (initialisers, nodes) that make the float32 tensor `name`.

    Weights of convolutions, which have more than two dimensions, pass through int32. OpenVINO keeps what it unpacks from
    int8 as int8 in the compiled network, too, for products in int8; it has no such convolutions here, and would unpack
    them at every start into memory that it holds beside the weights packed for multiplying. What comes from int32 it works
    out once: then its file holds float32, is mapped, and its pages can be let go. The numbers are the same.
    """
    coded_as, scaled_by = f"{name}_int8", f"{name}_scale"
    initializers = [
        numpy_helper.from_array(coded, coded_as),
        numpy_helper.from_array(np.ascontiguousarray(scale), scaled_by),
    ]
    if coded.ndim > 2:
        wide = f"{name}_int32"
        nodes = [
            helper.make_node("Cast", [coded_as], [wide], name=f"{name}_widen", to=TensorProto.INT32),
            helper.make_node("DequantizeLinear", [wide, scaled_by], [name], name=f"{name}_unpack", axis=axis),
        ]
        return initializers, nodes
    zero = f"{name}_zero"
    inputs = [coded_as, scaled_by, zero]
    nodes = [helper.make_node("DequantizeLinear", inputs, [name], name=f"{name}_unpack", axis=axis)]
    return [*initializers, numpy_helper.from_array(np.zeros(scale.shape, np.int8), zero)], nodes


def quantise(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Return (graph with int8 weights, the same graph with the unpacked weights as plain float32)."""
    packed, plain = copy.deepcopy(model), copy.deepcopy(model)
    axes = {}
    for node in model.graph.node:
        axis = output_axis(node)
        if axis is not None and len(node.input) > 1:
            axes[node.input[1]] = axis
    initializers, unpacking = [], []
    for item in model.graph.initializer:
        weight = numpy_helper.to_array(item)
        if item.name not in axes or weight.size < SMALLEST:
            initializers.append(item)
            continue
        axis = axes[item.name]
        coded, scale = quantise_tensor(weight, axis)
        tensors, nodes = unpack_nodes(item.name, coded, scale, axis)
        initializers += tensors
        unpacking += nodes
        target = next(other for other in plain.graph.initializer if other.name == item.name)
        unpacked = coded.astype(np.float32) * _along(scale, coded.ndim, axis)
        target.CopyFrom(numpy_helper.from_array(unpacked, item.name))
    nodes = unpacking + list(packed.graph.node)
    del packed.graph.initializer[:], packed.graph.node[:]
    packed.graph.initializer.extend(initializers)
    packed.graph.node.extend(nodes)
    onnx.checker.check_model(packed)
    return packed, plain


def unpack(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph that ships with its int8 weights unpacked to plain float32, as an engine folds them at load."""
    model = copy.deepcopy(model)
    values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    stored = [node for node in model.graph.node if node.op_type == "DequantizeLinear"]
    names = [node.output[0] for node in stored]
    for name, node in zip(names, stored, strict=True):
        coded, scale = values[f"{name}_int8"], values[f"{name}_scale"]
        (axis,) = (attribute.i for attribute in node.attribute if attribute.name == "axis")
        weight = coded.astype(np.float32) * _along(scale, coded.ndim, axis)
        model.graph.initializer.append(numpy_helper.from_array(weight, name))
    unpacking = {node for name in names for node in (f"{name}_widen", f"{name}_unpack")}
    others = [node for node in model.graph.node if node.name not in unpacking]
    del model.graph.node[:]
    model.graph.node.extend(others)
    packed = {f"{name}_{part}" for name in names for part in ("int8", "scale", "zero")}
    kept = [item for item in model.graph.initializer if item.name not in packed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model
