"""Pooling by place, and the graph that carries it: a head on pooled features is what the graph says, cell by cell."""

from __future__ import annotations

import dataclasses

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper
from thorax_training import assemble, networks, pooling
from thorax_training.heads import Head

CHANNELS, SIDE = 5, 4
NETWORK = dataclasses.replace(networks.NETWORKS[0], channels=(CHANNELS,), taps=(), grid=SIDE)


def test_weightings_are_the_mean_and_two_that_sum_to_nothing() -> None:
    for side in (7, 16):
        mean, height, distance = pooling.weightings(side)
        assert (mean == 1).all()
        assert height.sum() == pytest.approx(0, abs=1e-5)
        assert distance.sum() == pytest.approx(0, abs=1e-5)
        assert (np.diff(height, axis=0) > 0).all()
        assert np.array_equal(distance, distance[:, ::-1])
        assert distance[:, 0] == pytest.approx(distance.max())


def test_the_mean_comes_first_and_a_mirrored_grid_pools_the_same() -> None:
    grid = np.random.default_rng(0).random((3, CHANNELS, SIDE, SIDE), np.float32)
    pooled = pooling.pool(grid)
    assert pooled.shape == (3, pooling.WEIGHTINGS * CHANNELS)
    assert pooled[:, :CHANNELS] == pytest.approx(grid.mean(axis=(2, 3)), abs=1e-6)
    assert pooling.pool(grid[..., ::-1]) == pytest.approx(pooled, abs=1e-6)
    assert pooling.pool(grid[:, :, ::-1])[:, CHANNELS : 2 * CHANNELS] == pytest.approx(
        -pooled[:, CHANNELS : 2 * CHANNELS], abs=1e-6
    )


def grey_backbone():
    """One convolution from grey to `grid`."""
    weights = np.random.default_rng(1).normal(size=(CHANNELS, 1, 1, 1)).astype(np.float32)
    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, weights.shape, weights.ravel())
    node = helper.make_node("Conv", ["image", "kernel"], ["grid"], kernel_shape=[1, 1])
    image, grid = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, SIDE, SIDE])
        for name, channels in (("image", 1), ("grid", CHANNELS))
    )
    graph = helper.make_graph([node], "grey", [image], [grid], [kernel])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), weights


def test_the_graph_says_what_the_head_says_of_pooled_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble.channels, "spread", lambda model: None)
    model, kernel = grey_backbone()
    rng = np.random.default_rng(2)
    size = pooling.WEIGHTINGS * CHANNELS
    centre = np.concatenate([0.5 * kernel.ravel(), np.zeros(size - CHANNELS)])
    head = Head(*(one.astype(np.float32) for one in (rng.normal(size=(4, size)), rng.normal(size=4), centre)))
    session = onnxruntime.InferenceSession(
        assemble.attach(model, NETWORK, head).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    image = rng.random((2, 1, SIDE, SIDE), np.float32)
    logits, cam, embedding = session.run(["logits", "cam", "embedding"], {"image": image})
    grid = image * kernel[:, 0][None]
    assert logits == pytest.approx(head.logits(pooling.pool(grid)), abs=1e-4)
    assert logits == pytest.approx(cam.mean(axis=(2, 3)), abs=1e-4)
    assert embedding == pytest.approx(grid.mean(axis=(2, 3)), abs=1e-5)
    (even,) = session.run(["cam"], {"image": np.full((1, 1, SIDE, SIDE), 0.5, np.float32)})
    assert even == pytest.approx(np.broadcast_to(even[..., :1, :1], even.shape), abs=1e-5), "an average film has no hot place"
