"""What heads learn from beside each film: its mirror image, and the film as if it came from another place."""

from __future__ import annotations

import numpy as np
import pytest
from thorax_training import augment, pooling
from thorax_training.dataset import Films

SIDE = 32


def _pictures(count: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)


@pytest.mark.parametrize("copy", augment.COPIES)
def test_a_copy_is_the_same_whatever_films_stand_beside_it(copy: str) -> None:
    pictures, numbers = _pictures(6), np.arange(6) + 40
    together = augment.COPIES[copy].films(pictures, numbers)
    assert together.shape == pictures.shape
    assert together.dtype == np.uint8
    for index in (0, 3, 5):
        alone = augment.COPIES[copy].films(pictures[index : index + 1], numbers[index : index + 1])
        assert np.array_equal(alone[0], together[index])


def test_only_the_film_as_it_is_stays_as_it_is() -> None:
    pictures, numbers = _pictures(8), np.arange(8)
    for copy, make in augment.COPIES.items():
        same = [np.array_equal(one, made) for one, made in zip(pictures, make.films(pictures, numbers), strict=True)]
        assert all(same) if copy == augment.AS_IT_IS else not any(same), copy
    mirrored = augment.COPIES["mirrored"].films(pictures, numbers)
    assert np.array_equal(augment.COPIES["mirrored"].films(mirrored, numbers), pictures)


def test_a_mirrored_film_reads_the_same_without_mirroring_its_weights_again() -> None:
    rng = np.random.default_rng(3)
    grid, centre = rng.normal(size=(4, 5, 7, 7)).astype(np.float32), rng.normal(size=5).astype(np.float32)
    weights = rng.random((4, 7, 7)).astype(np.float32)
    mirrored = pooling.pool(grid[..., ::-1], augment.COPIES["mirrored"].cells(weights))
    read = pooling.read_by_head(pooling.pool(grid, weights), weights, centre)
    assert np.allclose(pooling.read_by_head(mirrored, weights, centre), read, atol=1e-4)


def test_copies_count_alike() -> None:
    pytest.importorskip("scipy")
    from thorax_training import train

    rng, count = np.random.default_rng(4), 90
    label = np.arange(count) % 4
    text = np.array([""] * count)
    source = np.where(np.arange(count) < 50, "here", "there")
    films = Films(text, source, text, label, np.array(["train"] * count), np.zeros(count), text)
    values = (rng.normal(size=(count, 12)) + label[:, None]).astype(np.float32)
    chosen = np.arange(count)
    once = train.fit(films, values[None], chosen, train.SETTINGS)
    thrice = train.fit(films, np.stack([values] * 3), chosen, train.SETTINGS)
    assert np.allclose(once.weights, thrice.weights, atol=1e-3)
    other = train.fit(films, np.stack([values, rng.normal(size=values.shape).astype(np.float32)]), chosen, train.SETTINGS)
    assert not np.allclose(once.weights, other.weights, atol=1e-2), "a copy is learned from"
