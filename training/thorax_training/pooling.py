"""From a grid of features to what a head reads: their mean, and two means that tell where in the view they were.

The weightings are of cells, so a head on all three is still one linear map a cell, another one in each place: the class
activation map stays exact (`assemble`). They are the same left and right, so that a mirrored film reads the same.
"""

from __future__ import annotations

import numpy as np

WEIGHTINGS = 3


def weightings(side: int) -> np.ndarray:
    """Return float32 `[3, side, side]`: 1; height, -1 at the upper edge to 1 at the lower; distance from the middle
    column, 0 to 1, less its mean. Taken at the middles of the cells."""
    across = (2.0 * np.arange(side) + 1.0) / side - 1.0
    distance = np.abs(across) - np.abs(across).mean()
    rows = np.ones((side, 1))
    return np.stack([np.ones((side, side)), across[:, None] * rows.T, rows * distance]).astype(np.float32)


def pool(grid: np.ndarray) -> np.ndarray:
    """Return float32 `[N, 3 E]` for `[N, E, S, S]`: the mean of all channels first, then by the other weightings."""
    count, channels, side, _ = grid.shape
    cells = np.moveaxis(weightings(side), 0, -1).reshape(side * side, WEIGHTINGS) / np.float32(side * side)
    pooled = grid.reshape(count, channels, side * side) @ cells
    return np.moveaxis(pooled, -1, 1).reshape(count, WEIGHTINGS * channels)
