"""Frozen features from the graphs that ship (int8 weights unpacked), one file a network and view, resumable.

Films are taken in one fixed shuffled order, so whatever is done so far is a fair sample of all of them.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from thorax_training import graphs, networks, recipe
from thorax_training.paths import Paths

BATCH = 16
SEED = 7


def order_of(count: int) -> np.ndarray:
    """Return the order in which films are taken."""
    return np.random.default_rng(SEED).permutation(count)


class Store:
    """The feature files of one network and view: mean of the grid, optionally the grid itself as float16."""

    def __init__(self, folder: Path, network: networks.Network, view: str) -> None:
        stem = f"{network.name}.{view}"
        self.network = network
        self._mean = folder / f"{stem}.mean.npy"
        self._grid = folder / f"{stem}.grid.npy"
        self._done = folder / f"{stem}.done"

    @property
    def done(self) -> int:
        """Return how many films of the order are done."""
        return int(self._done.read_text()) if self._done.exists() else 0

    def mark(self, count: int) -> None:
        """Note that the first `count` films are done."""
        self._done.write_text(str(count))

    def _open(self, path: Path, shape: tuple[int, ...], kind: type) -> np.memmap:
        if path.exists():
            return np.lib.format.open_memmap(path, mode="r+")
        return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)

    def mean(self, count: int) -> np.memmap:
        """Open the pooled features, `[count, E]`."""
        return self._open(self._mean, (count, self.network.embedding), np.float32)

    def grid(self, count: int) -> np.memmap:
        """Open the grids, `[count, E, h, w]`."""
        side = self.network.grid
        return self._open(self._grid, (count, self.network.embedding, side, side), np.float16)


def extract(
    paths: Paths,
    network: networks.Network,
    view: str,
    pixels: np.ndarray,
    keep_grid: bool,
    weights: str = "int8",
    limit: int | None = None,
) -> None:
    """Run one network over all pictures (or the first `limit` of the order) from where it stopped last time."""
    store, count = Store(paths.features, network, view), len(pixels)
    wanted = min(count, limit or count)
    if store.done >= wanted:
        return
    order, mean = order_of(count), store.mean(count)
    grid = store.grid(count) if keep_grid else None
    session = graphs.session(paths.graphs / f"{network.name}.{weights}.onnx")
    started, first = time.time(), store.done
    for start in range(first, wanted, BATCH):
        chosen = np.sort(order[start : min(start + BATCH, wanted)])
        batch = recipe.normalize(np.asarray(pixels[chosen]), recipe.STEPS)
        features = session.run(["grid"], {"image": batch})[0]
        mean[chosen] = features.mean(axis=(2, 3))
        if grid is not None:
            grid[chosen] = features.astype(np.float16)
        done = min(start + BATCH, wanted)
        store.mark(done)
        if (start // BATCH) % 20 == 0:
            per_film = (time.time() - started) / (done - first) * 1000
            print(f"{network.name} {view}: {done}/{wanted}, {per_film:.0f} ms a film", flush=True)
