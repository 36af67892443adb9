"""Linear heads: weighted multinomial logistic regression, with directions that tell sources apart held down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thorax_training.dataset import LABELS


@dataclass(frozen=True)
class Head:
    """`logits = features @ weights.T + bias`, on what a head reads (`pooling.read_by_head`)."""

    weights: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the logits of `[n, E]` features."""
        return features @ self.weights.T + self.bias


@dataclass(frozen=True)
class Settings:
    """What is chosen by leaving sources out: strength of the penalty, how far source directions are held down, and which share of
    a label's certainty goes to the classes alike."""

    penalty: float
    nuisance: float = 0.0
    softening: float = 0.0


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return softmax over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def softened(label: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """Return `[n, classes]`: labels believed but for a share, of each film or of all, that goes to the classes alike (label
    smoothing, Szegedy et al. 2016)."""
    doubt = np.broadcast_to(share, len(label))[:, None]
    return (1 - doubt) * np.eye(len(LABELS))[label] + doubt / len(LABELS)


def source_directions(features: np.ndarray, label: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Return `[E, r]`: how the mean of a class moves from source to source, which cannot be the disease."""
    columns = []
    for one_label in np.unique(label):
        of_label = label == one_label
        means = [
            features[of_label & (source == s)].mean(axis=0)
            for s in np.unique(source[of_label])
            if (of_label & (source == s)).sum() >= 15
        ]
        columns += [mean - np.mean(means, axis=0) for mean in means if len(means) > 1]
    return np.array(columns).T if columns else np.zeros((features.shape[1], 0))


def _shrink(directions: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (U, factors): features along column i of U are to be multiplied by 1 + factors[i]."""
    left, values, _ = np.linalg.svd(directions, full_matrices=False)
    return left, 1.0 / np.sqrt(1.0 + strength * values**2) - 1.0


def _apply(features: np.ndarray, left: np.ndarray, factors: np.ndarray) -> np.ndarray:
    return features + ((features @ left) * factors) @ left.T


def softmax_regression(
    features: np.ndarray, label: np.ndarray, weights: np.ndarray, penalty: float, classes: int = len(LABELS)
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise weighted log-loss + penalty/2 |W|^2 by L-BFGS; the bias is not penalised. `label` holds a class for each row, or
    `[n, classes]`, how probable each is."""
    # Imported here, so that what only reads heads does without scipy.
    from scipy.optimize import minimize

    count, size = features.shape
    target = np.eye(classes, dtype=np.float32)[label] if label.ndim == 1 else label.astype(np.float32)
    share = (weights / weights.sum()).astype(np.float32)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        matrix = flat[: classes * size].reshape(classes, size).astype(np.float32)
        logits = features @ matrix.T + flat[classes * size :].astype(np.float32)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        residual = (np.exp(log_p) - target) * share[:, None]
        value = -(log_p * target).sum(axis=1) @ share + 0.5 * penalty * float((matrix**2).sum())
        gradient = np.concatenate([(residual.T @ features + penalty * matrix).ravel(), residual.sum(axis=0)])
        return float(value), gradient.astype(np.float64)

    start = np.zeros(classes * size + classes)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300, "ftol": 1e-7}).x
    return best[: classes * size].reshape(classes, size), best[classes * size :]


def fit(
    features: np.ndarray,
    label: np.ndarray,
    weights: np.ndarray,
    settings: Settings,
    directions: np.ndarray | None = None,
) -> Head:
    """Fit a head on labels or their probabilities; `directions` (columns, in raw feature units) are shrunk before the regression sees them."""
    mean = np.average(features, axis=0, weights=weights)
    deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weights)) + 1e-6
    standard = ((features - mean) / deviation).astype(np.float32)
    if directions is not None and directions.shape[1] and settings.nuisance > 0:
        left, factors = _shrink(directions / deviation[:, None], settings.nuisance)
        left, factors = left.astype(np.float32), factors.astype(np.float32)
        matrix, bias = softmax_regression(_apply(standard, left, factors), label, weights, settings.penalty)
        matrix = _apply(matrix, left, factors)
    else:
        matrix, bias = softmax_regression(standard, label, weights, settings.penalty)
    folded = matrix / deviation
    return Head(folded.astype(np.float32), (bias - folded @ mean).astype(np.float32))
