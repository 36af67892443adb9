"""The gate: is this a frontal chest film, the right way up, not inverted, not cut? Linear, on one network's embedding."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from thorax_training import gate_pictures, graphs, heads, locator, networks, quality, recipe
from thorax_training.dataset import Films, read_films
from thorax_training.gate_pictures import CLASSES, Picture
from thorax_training.paths import Paths

PENALTY = 3e-3
FALSE_REFUSALS = 0.01
"""Share of frontal val films that the classifier may refuse; the threshold follows from it."""
FOLDS = 5


@dataclass(frozen=True)
class Gate:
    """The classifier of gate.json."""

    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    minimum_frontal: float

    def probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Return the class probabilities of `[n, E]` embeddings."""
        return heads.softmax((embedding - self.mean) / self.deviation @ self.weights.T + self.bias)

    def refuses(self, embedding: np.ndarray) -> np.ndarray:
        """Return which embeddings are refused."""
        return self.probabilities(embedding)[:, 0] < self.minimum_frontal

    def to_json(self) -> str:
        """Return gate.json."""
        return json.dumps(
            {
                "classes": list(CLASSES),
                "mean": _round(self.mean),
                "std": _round(self.deviation),
                "weights": [_round(row) for row in self.weights],
                "bias": _round(self.bias),
                "minimum_frontal": self.minimum_frontal,
            }
        )


def _round(values: np.ndarray) -> list[float]:
    return [float(f"{value:.7g}") for value in values]


@dataclass(frozen=True)
class Examples:
    """Embeddings of gate pictures with what they are."""

    embedding: np.ndarray
    name: np.ndarray
    kind: np.ndarray
    group: np.ndarray
    split: np.ndarray
    pixel_refused: np.ndarray
    lung_refused: np.ndarray


def collect(paths: Paths) -> list[Picture]:
    """Make all gate pictures."""
    films = read_films(paths.data)
    return [
        *gate_pictures.not_chest(paths.data),
        *gate_pictures.extra(paths.packages),
        *gate_pictures.from_films(films, paths.data),
        *gate_pictures.tilted(films, paths.data),
    ]


def embed(paths: Paths, network: networks.Network, pictures: list[Picture], limits: dict[str, float]) -> Examples:
    """Return the pictures' embeddings, from the cache if they are there."""
    cache = paths.features / f"{network.name}.gate.npy"
    steps = recipe.VIEWS[network.view]
    if not cache.exists():
        session = graphs.session(paths.graphs / f"{network.name}.int8.onnx")
        rows = []
        for start in range(0, len(pictures), 16):
            batch = np.stack([recipe.to_pixels(p.film, steps) for p in pictures[start : start + 16]])
            grid = session.run(["grid"], {"image": recipe.normalize(batch, steps)})[0]
            rows.append(grid.mean(axis=(2, 3)))
            if start % 320 == 0:
                print(f"gate pictures, {network.name}: {start}/{len(pictures)}", flush=True)
        np.save(cache, np.concatenate(rows))
    by_pixels = np.array([bool(quality.reasons(p.film, limits)) for p in pictures])
    lungs = locator.find(paths, (p.film for p in pictures))
    by_lungs = np.array([quality.separation(one) for one in lungs]) < limits["minimum_separation"]
    columns = [np.array([getattr(p, field) for p in pictures]) for field in ("name", "kind", "group", "split")]
    return Examples(np.load(cache), *columns, by_pixels, by_lungs)


def fit(frontal: np.ndarray, negative: np.ndarray, names: np.ndarray, frontal_val: np.ndarray) -> Gate:
    """Fit the classifier and choose its threshold on frontal val films."""
    embedding = np.concatenate([frontal, negative]).astype(np.float32)
    label = np.concatenate([np.zeros(len(frontal), int), [CLASSES.index(name) for name in names]])
    counts = np.bincount(label, minlength=len(CLASSES))
    # The square root keeps seven lateral films from outweighing three thousand frontal ones.
    weights = 1.0 / np.sqrt(np.maximum(counts, 1))[label]
    mean = embedding.mean(axis=0)
    deviation = embedding.std(axis=0) + 1e-6
    standard = (embedding - mean) / deviation
    matrix, bias = heads.softmax_regression(standard, label, weights / weights.mean(), PENALTY, len(CLASSES))
    gate = Gate(mean, deviation, matrix.astype(np.float32), bias.astype(np.float32), 0.0)
    frontal_probability = gate.probabilities(frontal_val)[:, 0]
    threshold = round(float(np.clip(np.quantile(frontal_probability, FALSE_REFUSALS), 0.02, 0.5)), 3)
    return Gate(gate.mean, gate.deviation, gate.weights, gate.bias, threshold)


def final(examples: Examples, films: Films, frontal: np.ndarray) -> Gate:
    """Fit the gate that ships, on everything that training may see."""
    train = np.isin(examples.split, ("train", "check", "copy"))
    return fit(
        frontal[films.where("train")], examples.embedding[train], examples.name[train], frontal[films.where("val")]
    )


def out_of_fold(examples: Examples, films: Films, frontal: np.ndarray, by_kind: bool) -> list[dict]:
    """Refusals of not-chest pictures by gates that never saw them: by picture in folds, or a whole kind at a time."""
    check = np.flatnonzero(examples.split == "check")
    if by_kind:
        fold_of = {kind: kind.split("-")[0] for kind in np.unique(examples.kind[check])}
        folds = {examples.group[i]: fold_of[examples.kind[i]] for i in check}
    else:
        rng, folds = np.random.default_rng(3), {}
        for kind in np.unique(examples.kind[check]):
            members = rng.permutation([examples.group[i] for i in check if examples.kind[i] == kind])
            folds |= {group: number % FOLDS for number, group in enumerate(members)}
    refused = np.zeros(len(examples.kind), bool)
    for fold in sorted(set(folds.values()), key=str):
        held = np.array([folds.get(group) == fold for group in examples.group])
        train = ~held & np.isin(examples.split, ("train", "check", "copy"))
        gate = fit(
            frontal[films.where("train")], examples.embedding[train], examples.name[train], frontal[films.where("val")]
        )
        wanted = held & (examples.split == "check")
        refused[wanted] = gate.refuses(examples.embedding[wanted])
    return [_row(kind, refused, examples, "check") for kind in np.unique(examples.kind[check])]


def tally(chosen: np.ndarray, **refused_by: np.ndarray) -> dict[str, int]:
    """Count the refusals among some pictures, by each of several masks over all and by any of them."""
    counts = {f"refused_by_{name}": int(refused[chosen].sum()) for name, refused in refused_by.items()}
    return {**counts, "refused": int(np.any(list(refused_by.values()), axis=0)[chosen].sum())}


def _row(kind: str, refused: np.ndarray, examples: Examples, split: str) -> dict:
    chosen = np.flatnonzero((examples.kind == kind) & (examples.split == split))
    counts = tally(chosen, classifier=refused, pixel_rules=examples.pixel_refused, lungs=examples.lung_refused)
    return {"kind": str(kind), "pictures": len(chosen), **counts}


def changed_refusals(gate: Gate, examples: Examples, split: str, kinds: tuple[str, ...]) -> list[dict]:
    """Refusals of changed films of a split that the gate was not trained on."""
    refused = gate.refuses(examples.embedding)
    return [_row(kind, refused, examples, split) for kind in kinds]
