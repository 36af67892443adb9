"""A graph that ships: channel copies, backbone with int8 weights, head, class activation map, embedding."""

from __future__ import annotations

import copy

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thorax_training import channels, pooling
from thorax_training.heads import Head
from thorax_training.networks import Network


def attach(backbone: onnx.ModelProto, network: Network, head: Head, centre: np.ndarray) -> onnx.ModelProto:
    """Put the copies of the grey channel in front of a backbone graph and the head behind it.

    `cam` is the head (bias included) applied to every cell of the grid, with the weights of its place (`pooling`). Places
    weigh how far a cell is from the average film's channels `centre` `[E]`, so that no place is hot by itself. The logits are
    the mean of `cam`, weighed by lung (`pooling.logits`), so that the map explains them exactly.
    """
    model = copy.deepcopy(backbone)
    channels.spread(model)
    del model.graph.output[:]
    classes, size, side, ways = len(head.weights), network.embedding, network.grid, pooling.WEIGHTINGS
    # One map a weighting and class, the weightings one after the other; each is weighted, then those of a class are summed.
    matrix, places = head.weights.reshape(classes, ways, size).swapaxes(0, 1), pooling.weightings(side)
    average = np.einsum("jk,jhw->khw", matrix[1:] @ centre, places[1:])
    _constant(model, "head_weights", matrix.reshape(ways * classes, size, 1, 1).astype(np.float32))
    _constant(model, "head_places", np.repeat(places, classes, axis=0)[None])
    _constant(model, "average_places", -average[None].astype(np.float32))
    _constant(model, "head_sum", np.tile(np.eye(classes, dtype=np.float32), ways)[:, :, None, None])
    _constant(model, "head_bias", head.bias.astype(np.float32))
    model.graph.node.extend(
        [
            helper.make_node("GlobalAveragePool", ["grid"], ["grid_mean"], name="grid_mean"),
            helper.make_node("Flatten", ["grid_mean"], ["embedding"], name="embedding", axis=1),
            helper.make_node("Conv", ["grid", "head_weights"], ["parts"], name="parts", kernel_shape=[1, 1]),
            helper.make_node("Mul", ["parts", "head_places"], ["placed"], name="placed"),
            helper.make_node(
                "Conv", ["placed", "head_sum", "head_bias"], ["summed"], name="summed", kernel_shape=[1, 1]
            ),
            helper.make_node("Add", ["summed", "average_places"], ["cam"], name="cam"),
        ]
    )
    _output(model, "cam", ["N", classes, side, side])
    _output(model, "embedding", ["N", size])
    model.producer_name, model.doc_string = "thorax_training", f"{network.title}; {network.origin}"
    onnx.checker.check_model(model)
    return model


def _constant(model: onnx.ModelProto, name: str, value: np.ndarray) -> None:
    model.graph.initializer.append(numpy_helper.from_array(value, name))


def _output(model: onnx.ModelProto, name: str, shape: list[int | str]) -> None:
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def parameters_of(model: onnx.ModelProto) -> int:
    """Return how many trained values a graph holds (scales and zero points of the storage and the head's places not counted)."""
    total = 0
    for item in model.graph.initializer:
        if not item.name.endswith(("_scale", "_zero", "_places", "_sum")):
            total += int(np.prod(item.dims)) if item.data_type in (TensorProto.FLOAT, TensorProto.INT8) else 0
    return total
