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


WHOLE = (0.0, 0.0, 1.0, 1.0)


def lungs(seed: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).random((side, side), np.float32)


def test_the_embedding_comes_first_and_a_mirrored_film_pools_the_same() -> None:
    grid = np.random.default_rng(0).random((3, CHANNELS, SIDE, SIDE), np.float32)
    weights = np.stack([pooling.lung_weights(lungs(seed), WHOLE, SIDE) for seed in range(3)])
    pooled = pooling.pool(grid, weights)
    assert pooled.shape == (3, (1 + pooling.WEIGHTINGS) * CHANNELS)
    assert pooled[:, :CHANNELS] == pytest.approx(grid.mean(axis=(2, 3)), abs=1e-6)
    assert pooled[:, CHANNELS : 2 * CHANNELS] == pytest.approx(np.einsum("nehw,nhw->ne", grid, weights), abs=1e-6)
    assert pooling.pool(grid[..., ::-1], weights[..., ::-1]) == pytest.approx(pooled, abs=1e-6)
    assert pooling.pool(grid[:, :, ::-1], weights[:, ::-1])[:, 2 * CHANNELS : 3 * CHANNELS] == pytest.approx(
        -pooled[:, 2 * CHANNELS : 3 * CHANNELS], abs=1e-6
    )


def test_a_cell_counts_by_the_lung_that_it_shows() -> None:
    film = np.array([[0.0, 0.5, 0.5, 1.0]])
    right = pooling.lung_weights(film, (0.5, 0.0, 0.5, 1.0), 2)
    more = pooling.OUTSIDE
    assert right == pytest.approx(np.array([[0.5 + more, 1.0 + more]] * 2) / (3.0 + 4 * more))
    # From the middle of the first cell to the middle of the third.
    part = pooling.lung_weights(film, (0.125, 0.25, 0.5, 0.5), 2)
    assert part[0] == pytest.approx(np.array([0.25 + more, 0.5 + more]) / (1.5 + 4 * more))
    assert pooling.lung_weights(np.zeros((32, 32)), WHOLE, 7) == pytest.approx(np.full((7, 7), 1 / 49))


def test_weights_keep_the_lungs_of_a_view_whatever_its_cells() -> None:
    film, part = lungs(4), (0.13, 0.07, 0.71, 0.8)
    coarse, fine = (pooling.lung_weights(film, part, side) for side in (8, 16))
    assert coarse.sum() == pytest.approx(1.0, abs=1e-6)
    assert fine.reshape(8, 2, 8, 2).sum(axis=(1, 3)) == pytest.approx(coarse, abs=1e-6)


def test_the_shape_of_the_lungs_tells_nothing_of_the_average_film() -> None:
    centre = np.arange(CHANNELS, dtype=np.float32)
    weights = np.stack([pooling.lung_weights(lungs(seed), WHOLE, SIDE) for seed in range(2)])
    grid = np.broadcast_to(centre[:, None, None], (2, CHANNELS, SIDE, SIDE))
    read = pooling.read_by_head(pooling.pool(grid, weights), weights, centre)
    assert read[:, :CHANNELS] == pytest.approx(np.stack([centre, centre]), abs=1e-5)
    assert read[:, CHANNELS:] == pytest.approx(0, abs=1e-5)


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
    centre = 0.5 * kernel.ravel()
    head = Head(*(one.astype(np.float32) for one in (rng.normal(size=(4, size)), rng.normal(size=4))))
    session = onnxruntime.InferenceSession(
        assemble.attach(model, NETWORK, head, centre).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    image = rng.random((2, 1, SIDE, SIDE), np.float32)
    cam, embedding = session.run(["cam", "embedding"], {"image": image})
    grid = image * kernel[:, 0][None]
    weights = np.stack([pooling.lung_weights(lungs(seed), WHOLE, SIDE) for seed in range(2)])
    read = pooling.read_by_head(pooling.pool(grid, weights), weights, centre)
    assert head.logits(read) == pytest.approx(pooling.logits(cam, weights), abs=1e-4)
    assert embedding == pytest.approx(grid.mean(axis=(2, 3)), abs=1e-5)
    (even,) = session.run(["cam"], {"image": np.full((1, 1, SIDE, SIDE), 0.5, np.float32)})
    assert even == pytest.approx(np.broadcast_to(even[..., :1, :1], even.shape), abs=1e-5), (
        "an average film has no hot place"
    )
