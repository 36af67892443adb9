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


def sharpen(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return p^(1/T), renormalised."""
    powered = np.clip(probabilities, 1e-12, 1.0) ** (1.0 / temperature)
    return powered / powered.sum(axis=-1, keepdims=True)


def fit_sharpening(sources: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the ensemble temperature with the lowest log-loss, from (probabilities, labels) of each source.

    Sources count alike, however many films they gave: the next hospital is one more source, not some more films.
    """

    def loss(t: float) -> float:
        return float(np.mean([log_loss(sharpen(p, math.exp(t)), label) for p, label in sources]))

    return float(math.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def mix(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the first axis (networks)."""
    return np.tensordot(weights, probabilities, axes=1)


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
