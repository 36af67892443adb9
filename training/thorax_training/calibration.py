"""Calibration on the val split: temperatures, ensemble weights, conformal threshold. Numbers only, no torch."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from thorax_training.heads import softmax
from thorax_training.measures import log_loss

SMALLEST_WEIGHT = 0.05
PULL_TO_EQUAL = 0.5
"""How strongly ensemble weights are pulled towards equal shares; 508 films do not support fine differences."""


def fit_temperature(logits: np.ndarray, label: np.ndarray) -> float:
    """Return the temperature with the lowest log-loss."""
    best = minimize_scalar(lambda t: log_loss(softmax(logits / math.exp(t)), label), bounds=(-3, 4), method="bounded")
    return float(math.exp(best.x))


def sharpen(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return p^(1/T), renormalised."""
    powered = np.clip(probabilities, 1e-12, 1.0) ** (1.0 / temperature)
    return powered / powered.sum(axis=-1, keepdims=True)


def fit_sharpening(probabilities: np.ndarray, label: np.ndarray) -> float:
    """Return the ensemble temperature with the lowest log-loss."""
    best = minimize_scalar(
        lambda t: log_loss(sharpen(probabilities, math.exp(t)), label), bounds=(-2, 2), method="bounded"
    )
    return float(math.exp(best.x))


def mix(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the first axis (networks)."""
    return np.tensordot(weights, probabilities, axes=1)


def fit_weights(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return non-negative ensemble weights, each at least SMALLEST_WEIGHT, pulled towards equal shares."""
    count = len(probabilities)

    def weights_of(free: np.ndarray) -> np.ndarray:
        return SMALLEST_WEIGHT + (1 - SMALLEST_WEIGHT * count) * softmax(free)

    def loss(free: np.ndarray) -> float:
        weights = weights_of(free)
        return log_loss(mix(probabilities, weights), label) + PULL_TO_EQUAL * float(((weights - 1 / count) ** 2).sum())

    best = minimize(loss, np.zeros(count), method="L-BFGS-B").x
    rounded = np.round(weights_of(best), 4)
    rounded[0] += round(1.0 - rounded.sum(), 4)
    return rounded


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
