"""Leaving sources out: how a head does on COVID from a source that it never saw. Choices are made on this, not on test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thorax_training.dataset import COVID_SOURCES, LABELS, Films
from thorax_training.measures import auroc

NEGATIVES = "nih-chestxray14"
COVID = LABELS.index("COVID")
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(positions to train on, positions to score) -> P(COVID) of the latter."""


def leave_one_source_out(films: Films, predict: Predict, with_test: bool) -> dict[str, dict[str, float]]:
    """Return AUROCs by left-out source.

    `nih`: against NIH patients outside the train split, NIH's train patients being trained on. `both_unseen`: NIH left
    out of training too, so that knowing the source does not help. `same_source`: against the same source's films of
    other classes (none in covid-cxnet). Without `with_test` no film of the test split is looked at.
    """
    allowed = np.ones(len(films), bool) if with_test else films.split != "test"
    nih = films.source == NEGATIVES
    result = {}
    for left_out in COVID_SOURCES:
        same = films.source == left_out
        positive = allowed & same & (films.label == COVID)
        other = allowed & same & (films.label != COVID)
        train = (films.split == "train") & ~same
        unseen_nih = allowed & nih & (films.split != "train")
        first = _score(films, predict, train, positive, unseen_nih)
        second = _score(films, predict, train & ~nih, positive, allowed & nih)
        row = {"nih": first, "both_unseen": second}
        if other.sum() >= 15:
            row["same_source"] = _score(films, predict, train, positive, other)
        result[left_out] = row
    return result


def _score(films: Films, predict: Predict, train: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
    wanted = np.concatenate([np.flatnonzero(positive), np.flatnonzero(negative)])
    return auroc(predict(np.flatnonzero(train), wanted), films.label[wanted] == COVID)


def mean_of(result: dict[str, dict[str, float]]) -> float:
    """Return the one number that choices are made on: the mean over sources of `both_unseen` and `same_source`."""
    return float(np.mean([value for row in result.values() for key, value in row.items() if key != "nih"]))
