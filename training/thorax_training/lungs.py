"""What a bundle finds of lungs in a film, and what maps come to by it: as the program does, from the manifest alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thorax_training import graphs, pooling, recipe


@dataclass(frozen=True)
class Found:
    """Height and width of a film, and where its lungs are, `[h, w]` probabilities."""

    size: tuple[int, int]
    lungs: np.ndarray


def open_locator(bundle: Path, content: dict) -> Callable[[np.ndarray], Found]:
    """Open the locator of a bundle with this manifest: film -> what is found."""
    session = graphs.session(bundle / content["locator"]["file"], threads=1)
    steps = tuple(content["locator"]["recipe"])

    def find(film: np.ndarray) -> Found:
        image = recipe.normalize(recipe.to_pixels(film, steps), steps)
        return Found(film.shape, session.run(["lungs"], {"image": image})[0][0, 0])

    return find


def logits(cam: np.ndarray, found: list[Found], steps: tuple[dict, ...], content: dict) -> np.ndarray:
    """Return `[N, 4]`: what a network's maps `[N, 4, S, S]` of a view come to, its cells weighed by the lungs found."""
    outside, side = content["locator"]["outside"], cam.shape[-1]
    parts = [(one.lungs, recipe.shown(one.size, steps, one.lungs)) for one in found]
    return pooling.logits(cam, np.stack([pooling.lung_weights(of, part, side, outside) for of, part in parts]))
