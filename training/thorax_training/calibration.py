"""Calibration on the val split: temperatures, conformal threshold. Numbers only, no torch."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar

from thorax_training.heads import softmax
from thorax_training.measures import log_loss


def fit_temperature(logits: np.ndarray, label: np.ndarray) -> float:
    """Return the temperature with the lowest log-loss."""
    best = minimize_scalar(lambda t: log_loss(softmax(logits / math.exp(t)), label), bounds=(-3, 4), method="bounded")
    return float(math.exp(best.x))


def pool(probabilities: np.ndarray) -> np.ndarray:
    """Return the geometric mean over the first axis (networks), renormalised: the logarithmic opinion pool (Genest and
    Zidek 1986). Of calibrated vectors that is softmax of the mean of their logits divided by their temperatures."""
    pooled = np.exp(np.log(np.clip(probabilities, 1e-300, 1.0)).mean(axis=0))
    return pooled / pooled.sum(axis=-1, keepdims=True)


def conformal_threshold(probabilities: np.ndarray, label: np.ndarray, coverage: float) -> float:
    """Return the split-conformal threshold of the LAC score 1 - p(true class)."""
    scores = np.sort(1.0 - probabilities[np.arange(len(label)), label])
    rank = math.ceil((len(scores) + 1) * coverage)
    return float(scores[rank - 1]) if rank <= len(scores) else 1.0


def operating_points(score: np.ndarray, positive: np.ndarray, least: float) -> dict[str, float]:
    """Return the two thresholds of a score, by which a film is called positive when it has at least as much.

    `screening`: the highest with a sensitivity of at least `least`. `confirmation`: the lowest with a specificity of at
    least `least`, and not below the other. Both rounded to what the bundle carries, to the safe side.
    """
    ones, zeros = np.sort(score[positive]), np.sort(score[~positive])
    screening = ones[math.floor((1 - least) * len(ones))]
    confirmation = np.nextafter(zeros[math.ceil(least * len(zeros)) - 1], 1.0)
    screening = math.floor(screening * 1e4) / 1e4
    return {"screening": screening, "confirmation": max(screening, math.ceil(confirmation * 1e4) / 1e4)}


def prediction_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Return a boolean array: which labels are in each film's prediction set."""
    return 1.0 - probabilities <= threshold
