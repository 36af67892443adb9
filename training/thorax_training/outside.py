"""Leaving sources out: how a head does on COVID from a source that it never saw. Choices are made on this, not on test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thorax_training.dataset import COVID_SOURCES, LABELS, Films
from thorax_training.measures import auroc

NEGATIVES = "nih-chestxray14"
COVID = LABELS.index("COVID")
Fit = Callable[[np.ndarray], np.ndarray]
"""Positions of the films to fit on -> probabilities `[films, 4]` of all films."""


def fitted_without(films: Films, fit: Fit) -> dict[tuple[str, bool], np.ndarray]:
    """Fit on train films without each source of COVID, with and without NIH: (source, NIH left out) -> `[films, 4]`."""
    train, nih = films.split == "train", films.source == NEGATIVES
    result = {}
    for source in COVID_SOURCES:
        kept = train & (films.source != source)
        result[source, False] = fit(np.flatnonzero(kept))
        result[source, True] = fit(np.flatnonzero(kept & ~nih))
    return result


def leave_one_source_out(
    films: Films, fitted: dict[tuple[str, bool], np.ndarray], with_test: bool
) -> dict[str, dict[str, float]]:
    """Return AUROCs of COVID by left-out source, from what `fitted_without` gave.

    `nih`: against NIH patients outside the train split, NIH's train patients being trained on. `both_unseen`: NIH left
    out of training too, so that knowing the source does not help. `same_source`: against the same source's films of
    other classes (none in covid-cxnet). Without `with_test` no film of the test split is looked at.
    """
    allowed = np.ones(len(films), bool) if with_test else films.split != "test"
    nih, result = allowed & (films.source == NEGATIVES), {}
    for source in COVID_SOURCES:
        inside = allowed & (films.source == source)
        positive, other = inside & (films.label == COVID), inside & (films.label != COVID)
        seen, unseen = fitted[source, False][:, COVID], fitted[source, True][:, COVID]
        row = {
            "nih": _score(films, seen, positive | (nih & (films.split != "train"))),
            "both_unseen": _score(films, unseen, positive | nih),
        }
        if other.sum() >= 15:
            row["same_source"] = _score(films, seen, inside)
        result[source] = row
    return result


def _score(films: Films, probability: np.ndarray, wanted: np.ndarray) -> float:
    return auroc(probability[wanted], films.label[wanted] == COVID)


def mean_of(result: dict[str, dict[str, float]]) -> float:
    """Return the one number that choices are made on: the mean over sources of `both_unseen` and `same_source`."""
    return float(np.mean([value for row in result.values() for key, value in row.items() if key != "nih"]))
