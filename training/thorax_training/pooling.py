"""From a grid of features to what a head reads, and from maps to logits: every cell counts by the lung that it shows.

A head reads three means of each channel over the cells, weighed by how much lung each shows: the mean, and two that tell
where in the view the channel was. The weightings are of cells, so a head on all three is still one linear map a cell,
another one in each place: the class activation map stays exact (`assemble`), and the logits are its mean, weighed by lung.
They are the same left and right, so that a mirrored film reads the same.
"""

from __future__ import annotations

import numpy as np

WEIGHTINGS = 3
OUTSIDE = 0.1
"""How much a cell without any lung counts, beside 1.1 for one that is all lung: a lung that was overlooked is not lost."""

Part = tuple[float, float, float, float]
"""Left, top, width and height of what a view shows, in parts of the film."""


def weightings(side: int) -> np.ndarray:
    """Return float32 `[3, side, side]`: 1; height, -1 at the upper edge to 1 at the lower; distance from the middle
    column, 0 to 1, less its mean. Taken at the middles of the cells."""
    across = (2.0 * np.arange(side) + 1.0) / side - 1.0
    distance = np.abs(across) - np.abs(across).mean()
    rows = np.ones((side, 1))
    return np.stack([np.ones((side, side)), across[:, None] * rows.T, rows * distance]).astype(np.float32)


def seen(lungs: np.ndarray, part: Part, side: int) -> np.ndarray:
    """Return `[side, side]`: the mean of the locator's map `[h, w]` over each cell of what a view shows of the film, each
    value of the map holding for all of its own cell."""
    left, top, width, height = part
    rows, columns = _shares(lungs.shape[0], top, height, side), _shares(lungs.shape[1], left, width, side)
    return rows @ lungs.astype(np.float64) @ columns.T


def lung_weights(lungs: np.ndarray, part: Part, side: int, outside: float = OUTSIDE) -> np.ndarray:
    """Return float32 `[side, side]`, summing to 1: how much each cell of a view counts, by the lung that it shows and
    `outside` more."""
    weights = seen(lungs, part, side) + outside
    return (weights / weights.sum()).astype(np.float32)


def _shares(cells: int, start: float, length: float, pieces: int) -> np.ndarray:
    """Return `[pieces, cells]`: which share of each piece of a part of a side lies in each of the side's cells."""
    edges = (start + length * np.arange(pieces + 1) / pieces) * cells
    ends = np.arange(cells)
    overlap = np.minimum(edges[1:, None], ends + 1) - np.maximum(edges[:-1, None], ends)
    return np.maximum(overlap, 0.0) / (edges[1:] - edges[:-1])[:, None]


def pool(grid: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return float32 `[N, 4 E]` for grids `[N, E, S, S]` and lung weights `[N, S, S]`: the embedding, which is the mean over
    all cells alike, then the weighed mean, then that by each place."""
    count, channels, side, _ = grid.shape
    placed = (weights[:, None] * weightings(side)).reshape(count, WEIGHTINGS, -1)
    cells = np.concatenate([np.full((count, 1, side * side), 1.0 / (side * side), np.float32), placed], axis=1)
    return (cells @ grid.reshape(count, channels, -1).swapaxes(1, 2)).reshape(count, -1)


def read_by_head(pooled: np.ndarray, weights: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return float32 `[N, 3 E]`, what a head reads of pooled features: places weigh how far a cell is from the average film's
    channels `centre` `[E]`, so that the shape of the lungs tells nothing by itself."""
    count, size = len(pooled), len(centre)
    moments = np.einsum("nhw,khw->nk", weights, weightings(weights.shape[-1])[1:])
    read = pooled[:, size:].reshape(count, WEIGHTINGS, size).copy()
    read[:, 1:] -= moments[:, :, None] * centre
    return read.reshape(count, WEIGHTINGS * size)


def logits(cam: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return `[N, 4]`: the mean of the maps `[N, 4, S, S]` over the cells, weighed by lung."""
    return np.einsum("nkhw,nhw->nk", cam, weights)
