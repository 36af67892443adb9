"""`recipe`: what is a film to be without before networks see it: border, letters, contrast, all but the lungs? Measured with
EfficientNet-Lite0 on left-out sources and val."""

from __future__ import annotations

import json

import numpy as np

from thorax_training import dataset, graphs, heads, measures, networks, outside, pooling, recipe, train
from thorax_training.paths import Paths

NETWORK = "efficientnet-lite0"
RECIPES = {
    "plain": recipe.VIEWS["whole"],
    "border kept": recipe.UNCUT,
    "letters painted over": recipe.LETTERS_COVERED,
    "clahe": recipe.WITH_CLAHE,
    "equalised": recipe.EQUALIZED,
    "standardised": recipe.VIEWS["whole"],
    "lungs": recipe.VIEWS["lungs"],
    "lungs, letters painted over": recipe.LUNGS_LETTERS_COVERED,
    "lungs, equalised": recipe.LUNGS_EQUALIZED,
}


def _standardised(batch: np.ndarray) -> np.ndarray:
    """Bring every film to the same mean and deviation."""
    values = batch.astype(np.float32)
    mean, deviation = values.mean(axis=(1, 2), keepdims=True), values.std(axis=(1, 2), keepdims=True)
    return np.clip((values - mean) / (deviation + 1e-3) * 0.25 + 0.5, 0, 1)[:, None]


def _features(paths: Paths, films: dataset.Films, name: str) -> np.ndarray:
    cache = paths.features / f"{NETWORK}.recipe-{name}.npy"
    if not cache.exists():
        steps = RECIPES[name]
        stack, rows = dataset.pixels(films, paths.data, steps, paths.cache), []
        weights = dataset.lung_weights(films, paths.data, steps, paths.cache, networks.BY_NAME[NETWORK].grid)
        session = graphs.session(paths.graphs / f"{NETWORK}.int8.onnx")
        for start in range(0, len(films), 32):
            batch = np.asarray(stack[start : start + 32])
            image = _standardised(batch) if name == "standardised" else recipe.normalize(batch, steps)
            rows.append(pooling.pool(session.run(["grid"], {"image": image})[0], weights[start : start + 32]))
        np.save(cache, _read(films, np.concatenate(rows), weights))
    return np.load(cache)


def _read(films: dataset.Films, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return pooling.read_by_head(values, weights, train.centre_of(values, networks.BY_NAME[NETWORK], films))


def measure(paths: Paths) -> None:
    """Write metrics/recipe.json."""
    films, table = dataset.read_films(paths.data), []
    val = films.where("val")
    for name in RECIPES:
        values = _features(paths, films, name)
        without = train.without_sources(films, values[None], train.SETTINGS)
        left_out = outside.leave_one_source_out(films, without, with_test=False)
        head = train.fit(films, values[None], films.where("train"), train.SETTINGS)
        probabilities = heads.softmax(head.logits(values[val]))
        table.append(
            {
                "recipe": name,
                "outside": outside.mean_of(left_out),
                "left_out": left_out,
                "val_covid_auroc": measures.auroc(probabilities[:, outside.COVID], films.label[val] == outside.COVID),
                "val_macro_auroc": train.macro_auroc(probabilities, films.label[val]),
            }
        )
        print({key: value for key, value in table[-1].items() if key != "left_out"}, flush=True)
    (paths.metrics / "recipe.json").write_text(json.dumps(table, indent=1) + "\n")
