"""Lungs per cell: a linear probe on patch tokens, taught by weak maps (another network's prediction, not drawn by hand)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.optimize import minimize

from thorax_training import recipe
from thorax_training.measures import auroc

MAP_SIDE = 64


def cell_probabilities(maps: np.ndarray, side: int) -> np.ndarray:
    """Bring `[n, 64, 64]` maps (0-255) of whole films to the cells of the cropped film, `[n, side, side]` in 0..1."""
    cut = recipe.CROP["fraction"] * MAP_SIDE
    box = (cut, cut, MAP_SIDE - cut, MAP_SIDE - cut)
    cells = np.empty((len(maps), side, side), np.float32)
    for index, one in enumerate(maps):
        image = Image.fromarray(one.astype(np.float32))
        cells[index] = np.asarray(image.resize((side, side), Image.Resampling.BOX, box=box))
    return np.clip(cells / 255.0, 0.0, 1.0)


def read_maps(data: Path) -> np.ndarray:
    """Read the weak maps, in the order of labels.csv."""
    return np.load(data / "lungs.npz")["probability"]


def fit_probe(tokens: np.ndarray, target: np.ndarray, penalty: float = 1e-4) -> tuple[np.ndarray, float]:
    """Fit `sigmoid(tokens @ w + b)` to soft targets by log-loss; `tokens` is `[cells, E]`."""
    mean, deviation = tokens.mean(axis=0), tokens.std(axis=0) + 1e-6
    standard = (tokens - mean) / deviation

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat[:-1].astype(np.float32)
        score = standard @ weights + np.float32(flat[-1])
        probability = 1.0 / (1.0 + np.exp(-score))
        value = float(np.mean(np.logaddexp(0, score) - target * score)) + 0.5 * penalty * float(weights @ weights)
        residual = (probability - target) / len(target)
        gradient = np.concatenate([standard.T @ residual + penalty * weights, [residual.sum()]])
        return value, gradient.astype(np.float64)

    options = {"maxiter": 150, "ftol": 1e-8}
    best = minimize(loss, np.zeros(tokens.shape[1] + 1), jac=True, method="L-BFGS-B", options=options).x
    weights = best[:-1] / deviation
    return weights.astype(np.float32), float(best[-1] - weights @ mean)


def predict(tokens: np.ndarray, weights: np.ndarray, bias: float) -> np.ndarray:
    """Return P(lung) of cells."""
    return 1.0 / (1.0 + np.exp(-(tokens @ weights + bias)))


def agreement(probability: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Return how well predicted cells follow the weak maps: Dice at 0.5, AUROC of cells, mean absolute error."""
    guess, truth = probability > 0.5, target > 0.5
    dice = 2 * (guess & truth).sum() / max(guess.sum() + truth.sum(), 1)
    return {
        "dice": float(dice),
        "auroc": auroc(probability.ravel(), truth.ravel()),
        "mean_absolute_error": float(np.abs(probability - target).mean()),
    }
