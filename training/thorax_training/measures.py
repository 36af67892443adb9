"""Measures, written out so that each figure in the card can be checked: AUROC, balanced accuracy, calibration error."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve (ties count half); NaN when one class is missing."""
    positive = np.asarray(positive, bool)
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def balanced_accuracy(predicted: np.ndarray, label: np.ndarray) -> float:
    """Return the mean of the recalls of the classes that occur."""
    return float(np.mean([(predicted[label == k] == k).mean() for k in np.unique(label)]))


def calibration_error(probabilities: np.ndarray, label: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error of the top class, equal-width bins."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == label
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.digitize(top, edges[1:-1], right=True), 0, bins - 1)
    error = 0.0
    for number in range(bins):
        inside = which == number
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    return float(error)


def log_loss(probabilities: np.ndarray, label: np.ndarray) -> float:
    """Return the mean negative log-likelihood."""
    return float(-np.log(np.clip(probabilities[np.arange(len(label)), label], 1e-12, 1)).mean())


def bootstrap_interval(
    score: np.ndarray, positive: np.ndarray, patient: np.ndarray, rounds: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of the AUROC, drawing patients (not films) with replacement."""
    rng = np.random.default_rng(seed)
    _, group = np.unique(patient, return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group))[:-1])
    values = []
    for _ in range(rounds):
        drawn = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        values.append(auroc(score[drawn], positive[drawn]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def area(score: np.ndarray, positive: np.ndarray, patient: np.ndarray) -> dict[str, float]:
    """Return the AUROC with its interval: `auroc`, `low`, `high`."""
    low, high = bootstrap_interval(score, positive, patient)
    return {"auroc": auroc(score, positive), "low": low, "high": high}
