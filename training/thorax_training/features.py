"""Frozen features from the graphs that ship (int8 weights unpacked), one file a network and view, resumable.

Films are taken in one fixed shuffled order, so whatever is done so far is a fair sample of all of them. Both views are
extracted of every network, so that `views` can say which one it should read, and of each view the copies that heads learn from, too.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from thorax_training import augment, dataset, graphs, networks, pooling, recipe
from thorax_training.paths import Paths

BATCH = 16
SEED = 7


def order_of(count: int) -> np.ndarray:
    """Return the order in which films are taken."""
    return np.random.default_rng(SEED).permutation(count)


class Store:
    """The feature file of one network, view and copy (`augment.COPIES`): the grid, pooled."""

    def __init__(self, folder: Path, network: networks.Network, view: str, copy: str = augment.AS_IT_IS) -> None:
        stem = f"{network.name}.{view}" if copy == augment.AS_IT_IS else f"{network.name}.{view}.{copy}"
        self.network = network
        self._pooled = folder / f"{stem}.pooled.npy"
        self._done = folder / f"{stem}.done"

    @property
    def done(self) -> int:
        """Return how many films of the order are done."""
        return int(self._done.read_text()) if self._done.exists() and self._pooled.exists() else 0

    def mark(self, count: int) -> None:
        """Note that the first `count` films are done."""
        self._done.write_text(str(count))

    def pooled(self, count: int) -> np.memmap:
        """Open the features, `[count, 4 E]` (`pooling.pool`)."""
        if self._pooled.exists():
            return np.lib.format.open_memmap(self._pooled, mode="r+")
        shape = (count, self.network.pooled)
        return np.lib.format.open_memmap(self._pooled, mode="w+", dtype=np.float32, shape=shape)


def extract(
    paths: Paths,
    network: networks.Network,
    view: str,
    pixels: np.ndarray,
    lungs: np.ndarray,
    weights: str = "int8",
    copy: str = augment.AS_IT_IS,
) -> None:
    """Run one network over a copy of all pictures, of which `lungs` weighs the cells, from where it stopped last time."""
    store, count = Store(paths.features, network, view, copy), len(pixels)
    if store.done >= count:
        return
    order, pooled = order_of(count), store.pooled(count)
    made = augment.COPIES[copy]
    lungs = made.cells(lungs)
    session = graphs.session(paths.graphs / f"{network.name}.{weights}.onnx")
    started, first = time.time(), store.done
    for start in range(first, count, BATCH):
        chosen = np.sort(order[start : min(start + BATCH, count)])
        batch = recipe.normalize(made.films(np.asarray(pixels[chosen]), chosen), recipe.VIEWS["whole"])
        pooled[chosen] = pooling.pool(session.run(["grid"], {"image": batch})[0], lungs[chosen])
        done = min(start + BATCH, count)
        store.mark(done)
        if (start // BATCH) % 20 == 0:
            per_film = (time.time() - started) / (done - first) * 1000
            print(f"{network.name} {view} {copy}: {done}/{count}, {per_film:.0f} ms a film", flush=True)


def run(paths: Paths) -> None:
    """Extract both views of all networks, all copies."""
    films = dataset.read_films(paths.data)
    for view, steps in recipe.VIEWS.items():
        stack = dataset.pixels(films, paths.data, steps, paths.cache)
        for network in networks.NETWORKS:
            lungs = dataset.lung_weights(films, paths.data, steps, paths.cache, network.grid)
            for copy in augment.COPIES:
                extract(paths, network, view, stack, lungs, copy=copy)
