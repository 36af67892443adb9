"""The films: labels.csv as columns, splits, sources, sample weights."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from thorax_training import pooling, recipe

LABELS = ("COVID", "Lung Opacity", "Normal", "Viral Pneumonia")
SPELLED_IN_CSV = {"COVID-19": "COVID"}
COVID_SOURCES = ("ieee8023", "radiography-db", "covid-cxnet")
SMALLEST_CELL = 50
"""A class seen fewer times than this in a source does not get that source's whole share of the weight."""


@dataclass(frozen=True)
class Films:
    """Columns of labels.csv, one entry a film; `label` indexes LABELS."""

    file: np.ndarray
    source: np.ndarray
    patient: np.ndarray
    label: np.ndarray
    split: np.ndarray
    age: np.ndarray
    licence: np.ndarray

    def __len__(self) -> int:
        return len(self.file)

    def where(self, split: str) -> np.ndarray:
        """Return the positions of one split."""
        return np.flatnonzero(self.split == split)


def _years(text: str) -> float:
    """Return an age in years; a cohort such as `1-5 y (cohort)` counts as its middle, an empty field as unknown."""
    numbers = [float(number) for number in re.findall(r"\d+\.?\d*", text)]
    return sum(numbers) / len(numbers) if numbers else math.nan


def read_films(data: Path) -> Films:
    """Read labels.csv."""
    with (data / "xrays" / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    labels = [LABELS.index(SPELLED_IN_CSV.get(row["label"], row["label"])) for row in rows]
    # A film without a patient is its own patient; such films are in the train split only.
    patients = [row["patient_id"] or f"film:{row['file']}" for row in rows]
    return Films(
        file=np.array([row["file"] for row in rows]),
        source=np.array([row["source"].split("/")[0] for row in rows]),
        patient=np.array(patients),
        label=np.array(labels),
        split=np.array([row["split"] for row in rows]),
        age=np.array([_years(row["age"]) for row in rows]),
        licence=np.array([row["licence"] for row in rows]),
    )


def read_not_chest(data: Path) -> list[dict[str, str]]:
    """Read the list of pictures that the gate must refuse."""
    with (data / "not-chest" / "labels.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


def sample_weights(label: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Weight films so that classes count alike and, within a class, sources count alike; the mean weight is 1."""
    weights = np.zeros(len(label))
    for one_label in np.unique(label):
        of_label = label == one_label
        sources = np.unique(source[of_label])
        for one_source in sources:
            cell = of_label & (source == one_source)
            weights[cell] = min(1.0, cell.sum() / SMALLEST_CELL) / cell.sum()
        weights[of_label] /= weights[of_label].sum()
    return weights * len(label) / weights.sum()


def pixels(films: Films, data: Path, steps: tuple[dict, ...], folder: Path) -> np.ndarray:
    """Return the recipe's 8-bit pictures of all films, from a cache file in `folder` if there is one.

    A recipe that crops to the lungs takes them from `lungs.npy` there, which stage `locate` writes.
    """
    cache = folder / f"pixels.{_spelled(steps)}.npy"
    if not cache.exists():
        stack = np.empty((len(films), recipe.SIDE, recipe.SIDE), np.uint8)
        needs_lungs = any(step["step"] == "crop_lungs" for step in steps)
        lungs = np.load(folder / "lungs.npy") if needs_lungs else [None] * len(films)
        for index, file in enumerate(films.file):
            stack[index] = recipe.to_pixels(recipe.read_film(data / "xrays" / file), steps, lungs[index])
        np.save(cache, stack)
    return np.load(cache, mmap_mode="r")


def lung_weights(films: Films, data: Path, steps: tuple[dict, ...], folder: Path, side: int) -> np.ndarray:
    """Return `[films, side, side]`: how much each cell of what a recipe shows counts (`pooling`), from a cache file in
    `folder` if there is one; the lungs come from `lungs.npy` there."""
    crops = tuple(step for step in steps if step["step"] in recipe.WINDOWS)
    cache = folder / f"lung-weights.{_spelled(crops)}.{side}.npy"
    if not cache.exists():
        rows = []
        for file, lungs in zip(films.file, np.load(folder / "lungs.npy"), strict=True):
            with Image.open(data / "xrays" / file) as image:
                part = recipe.shown(image.size[::-1], crops, lungs)
            rows.append(pooling.lung_weights(lungs, part, side))
        np.save(cache, np.stack(rows))
    return np.load(cache)


def _spelled(steps: tuple[dict, ...]) -> str:
    return "-".join(step["step"] for step in steps)
