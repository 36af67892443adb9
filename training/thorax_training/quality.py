"""The gate's rules: what is measured on the decoded film at 8 bits before the recipe, and on the lungs found in it."""

from __future__ import annotations

import cv2
import numpy as np

from thorax_training import recipe

ONE_HILL = 1e-3
"""Part of the train films that may be refused for their lungs: of one in a thousand a whole lung is white or none is found."""
SLANTS = (-0.15, 0.0, 0.15)
"""Columns sideways a row downwards that a valley between two lungs may go: patients do not always lie straight."""
MINIMUM_SHORT_SIDE = 180
"""The films of the training set are copies of at most 320 pixels, the narrowest 184; thumbnails of 64 are refused."""
MARGIN = 0.75
"""The limits lie this far outside the most extreme train film, so that a duller film elsewhere still passes."""


def contrast(film: np.ndarray) -> float:
    """Return the population standard deviation of the 8-bit film."""
    return float(film.astype(np.float64).std())


def sharpness(film: np.ndarray) -> float:
    """Return the variance of the 4-neighbour Laplacian of the whole film at 224 x 224, before crop and CLAHE."""
    small = recipe.resize(film, recipe.SIDE, recipe.SIDE).astype(np.float64)
    return float(cv2.Laplacian(small, cv2.CV_64F, ksize=1).var())


def aspect(film: np.ndarray) -> float:
    """Return longer side / shorter side."""
    return max(film.shape) / min(film.shape)


def separation(lungs: np.ndarray) -> float:
    """Return how deep the valley between two lungs is on a map `[h, w]`, as a part of the lower lung: 1 where no lung lies between
    two lungs, 0 where there is one hill or no lung. Of several slants of the valley the one where it is deepest."""
    return max(_valley(_profile(lungs, slant)) for slant in SLANTS)


def _profile(lungs: np.ndarray, slant: float) -> np.ndarray:
    """Return the lung in each column, a mean of three columns, of a map whose rows are moved sideways."""
    width, middle = lungs.shape[1], (lungs.shape[0] - 1) / 2
    margin = int(np.ceil(abs(slant) * middle)) + 2
    sums = np.zeros(width + 2 * margin)
    for row, values in enumerate(lungs.astype(np.float64)):
        moved = margin + slant * (row - middle)
        start, part = int(moved), moved - int(moved)
        sums[start : start + width] += values * (1 - part)
        sums[start + 1 : start + 1 + width] += values * part
    return np.convolve(sums, np.ones(3) / 3, "valid")


def _valley(profile: np.ndarray) -> float:
    summit = np.minimum(np.maximum.accumulate(profile), np.maximum.accumulate(profile[::-1])[::-1])
    drop = np.divide(summit - profile, summit, out=np.zeros_like(profile), where=summit > 0)
    return float(drop.max())


def reasons(film: np.ndarray, limits: dict[str, float]) -> list[str]:
    """Return which rules refuse a film."""
    film = recipe.depth8(film)
    checks = {
        "minimum_short_side": min(film.shape) < limits["minimum_short_side"],
        "maximum_aspect": aspect(film) > limits["maximum_aspect"],
        "minimum_contrast": contrast(film) < limits["minimum_contrast"],
        "minimum_sharpness": sharpness(film) < limits["minimum_sharpness"],
    }
    return [name for name, refused in checks.items() if refused]


def measure(films: list[np.ndarray]) -> np.ndarray:
    """Return `[n, 4]`: short side, aspect, contrast, sharpness."""
    return np.array([[min(f.shape), aspect(f), contrast(f), sharpness(f)] for f in films])


def limits_from(measured: np.ndarray, separations: np.ndarray) -> dict[str, float]:
    """Set the limits outside everything that the train films show, that of their lungs outside nearly everything."""
    return {
        "minimum_short_side": MINIMUM_SHORT_SIDE,
        "maximum_aspect": float(np.ceil(measured[:, 1].max() / MARGIN**0.5 * 20) / 20),
        "minimum_contrast": float(np.floor(measured[:, 2].min() * MARGIN)),
        "minimum_sharpness": float(np.floor(measured[:, 3].min() * MARGIN)),
        "minimum_separation": float(np.floor(np.quantile(separations, ONE_HILL) * 100) / 100),
    }
