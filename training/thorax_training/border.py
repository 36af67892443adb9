"""The border-only baseline: what a classifier reaches that never sees a lung. A permanent check on the data."""

from __future__ import annotations

import cv2
import numpy as np

from thorax_training import dataset, heads, measures, outside, recipe, train
from thorax_training.paths import Paths

SIDE, RING = 64, 4
"""The outer 4 of 64 pixels, about the 6 % that the recipe cuts off."""
SETTINGS = heads.Settings(penalty=0.01)


def rings(paths: Paths, films: dataset.Films) -> np.ndarray:
    """Return the outer ring of every film as one row of grey values."""
    cache = paths.cache / "rings.npy"
    if not cache.exists():
        mask = np.ones((SIDE, SIDE), bool)
        mask[RING:-RING, RING:-RING] = False
        rows = []
        for file in films.file:
            film = recipe.depth8(recipe.read_film(paths.data / "xrays" / file))
            rows.append(cv2.resize(film, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[mask])
        np.save(cache, np.stack(rows).astype(np.float32) / 255.0)
    return np.load(cache)


def told(films: dataset.Films, values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return `[films, 4]`: what a classifier fitted on the rings of some films says of all films."""
    weights = dataset.sample_weights(films.label[chosen], films.source[chosen])
    return heads.softmax(heads.fit(values[chosen], films.label[chosen], weights, SETTINGS).logits(values))


def measure(paths: Paths, films: dataset.Films) -> dict:
    """Return the baseline's figures on val and test and on sources left out."""
    values = rings(paths, films)
    known, report = told(films, values, films.where("train")), {}
    for split in ("val", "test"):
        chosen = films.where(split)
        probabilities, label = known[chosen], films.label[chosen]
        report[split] = {
            "covid_auroc": measures.auroc(probabilities[:, outside.COVID], label == outside.COVID),
            "macro_auroc": train.macro_auroc(probabilities, label),
            "balanced_accuracy": measures.balanced_accuracy(probabilities.argmax(axis=1), label),
        }

    without = outside.fitted_without(films, lambda chosen: told(films, values, chosen))
    report["left_out"] = outside.leave_one_source_out(films, without, with_test=True)
    return report
