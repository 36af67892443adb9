"""How films count and how far labels are believed, on made-up features."""

from __future__ import annotations

import numpy as np
import pytest
from thorax_training.dataset import Films

pytest.importorskip("scipy")
from thorax_training import heads, train, weighting

COUNT = 400


def _made_up() -> tuple[Films, np.ndarray]:
    """Two sources; in the smaller one a class looks like another class of the larger one."""
    rng = np.random.default_rng(5)
    label, source = np.arange(COUNT) % 4, np.where(np.arange(COUNT) < 320, "large", "small")
    seen = np.where((source == "small") & (label == 0), 1, label)
    values = np.eye(4)[seen] + rng.normal(0, 0.4, (COUNT, 4))
    values = np.concatenate([values, (source == "small")[:, None] + rng.normal(0, 0.5, (COUNT, 1))], axis=1)
    text = np.array([""] * COUNT)
    films = Films(text, source, text, label, np.array(["train"] * COUNT), np.zeros(COUNT), text)
    return films, values[None].astype(np.float32)


def _fitted(way: weighting.Way) -> np.ndarray:
    films, copies = _made_up()
    return heads.softmax(way(films, copies, np.arange(COUNT)).logits(copies[0]))


def test_the_group_that_is_told_worst_counts_most() -> None:
    films, _ = _made_up()
    worst = (films.source == "small") & (films.label == 0)
    ways = (weighting._films_alike, weighting._softened(0.0), weighting._hardest_groups)
    by_way = [_fitted(way)[worst, 0].mean() for way in ways]
    assert by_way == sorted(by_way) and by_way[2] > by_way[0] + 0.1, by_way


def test_labels_that_are_doubted_are_told_with_less_confidence() -> None:
    films, _ = _made_up()
    sure, doubted = _fitted(weighting._softened(0.0)), _fitted(weighting._softened(0.3))
    bundle = _fitted(lambda *of: train.fit(*of, train.SETTINGS))
    assert np.allclose(bundle, _fitted(weighting._softened(train.SETTINGS.softening)), atol=1e-3)
    assert doubted.max(axis=1).mean() < sure.max(axis=1).mean() - 0.05
    other = _fitted(weighting._softened(0.3, "small"))
    large = films.source == "large"
    assert other[large].max(axis=1).mean() > doubted[large].max(axis=1).mean(), "only one source is doubted"
