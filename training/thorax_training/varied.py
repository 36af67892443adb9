"""A varied copy of every train film, as the networks would see it."""

from __future__ import annotations

import numpy as np

from thorax_training import augment, dataset, recipe
from thorax_training.paths import Paths


def pixels(paths: Paths, films: dataset.Films, seed: int = 21) -> np.ndarray:
    """Return the recipe's pictures of one varied copy of each train film, in the order of the train split."""
    cache = paths.cache / "pixels.varied.npy"
    if not cache.exists():
        train = films.where("train")
        stack = np.empty((len(train), recipe.SIDE, recipe.SIDE), np.uint8)
        for row, index in enumerate(train):
            film = recipe.depth8(recipe.read_film(paths.data / "xrays" / films.file[index]))
            rng = np.random.default_rng((seed, int(index)))
            stack[row] = recipe.to_pixels(augment.vary(film, rng), recipe.STEPS)
        np.save(cache, stack)
    return np.load(cache, mmap_mode="r")
