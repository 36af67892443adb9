"""Changes that a film can go through without its diagnosis changing.

The gate learns from copies in which everything varies, never mirrored: the heart's side is information to it. Heads learn from each film
beside two copies of it: mirrored, and as if it came from another place (`COPIES`; `views` says what that gives).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

SEED = 11


def _rotate_and_crop(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = film.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-7, 7), 1.0)
    turned = cv2.warpAffine(film, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    cuts = rng.uniform(0, 0.06, 4)
    top, bottom = int(cuts[0] * height), height - int(cuts[1] * height)
    left, right = int(cuts[2] * width), width - int(cuts[3] * width)
    return turned[top:bottom, left:right]


def _tone(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    values = (film / 255.0) ** np.exp(rng.uniform(-0.35, 0.35))
    middle = values.mean()
    values = (values - middle) * rng.uniform(0.75, 1.25) + middle + rng.uniform(-0.05, 0.05)
    return np.clip(values * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _degrade(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, compress, coarsen or grain."""
    height, width = film.shape
    kind = rng.integers(4)
    if kind == 0:
        return cv2.GaussianBlur(film, (0, 0), rng.uniform(0.4, 1.4))
    if kind == 1:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 85))]
        return cv2.imdecode(cv2.imencode(".jpg", film, quality)[1], cv2.IMREAD_GRAYSCALE)
    if kind == 2:
        scale = rng.uniform(0.5, 0.9)
        small = cv2.resize(film, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    noisy = film + rng.normal(0, rng.uniform(1, 6), film.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _erase(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blank a small patch, as a label or an electrode would."""
    height, width = film.shape
    tall, wide = int(height * rng.uniform(0.05, 0.15)), int(width * rng.uniform(0.05, 0.15))
    top, left = rng.integers(0, height - tall), rng.integers(0, width - wide)
    film = film.copy()
    film[top : top + tall, left : left + wide] = rng.integers(0, 256)
    return film


def vary(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one varied copy of an 8-bit film."""
    film = _degrade(_tone(_rotate_and_crop(film, rng), rng), rng)
    return _erase(film, rng) if rng.random() < 0.5 else film


def _degraded(films: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    copies = [_degrade(film, np.random.default_rng((SEED, number))) for film, number in zip(films, numbers, strict=True)]
    return np.stack(copies)


def _mirrored(rows: np.ndarray) -> np.ndarray:
    return rows[:, :, ::-1]


@dataclass(frozen=True)
class Copy:
    """A way of copying films."""

    films: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """From `[N, S, S]` bytes of a view and the films' numbers, by which chance is drawn, to their copies."""
    cells: Callable[[np.ndarray], np.ndarray] = lambda weights: weights
    """From what says something of the films' cells, `[N, s, s]`, to the same of the copies'."""


AS_IT_IS = "as it is"
COPIES = {
    AS_IT_IS: Copy(lambda films, _: films),
    "mirrored": Copy(lambda films, _: _mirrored(films), _mirrored),
    "degraded": Copy(_degraded),
}
"""What heads learn from of each film."""
