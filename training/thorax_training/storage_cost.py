"""`storage`: what storing weights as int8 costs against float32 weights, with the same heads: on val, where one may choose
by it, and on the test split, where one may only look."""

from __future__ import annotations

import json

import numpy as np

from thorax_training import calibrate, dataset, features, measures, networks, outside, pooling, recipe, train
from thorax_training.paths import Paths

SPLITS = ("val", "test")


def extract(paths: Paths, films: dataset.Films, split: str) -> None:
    """Run the float32 graphs over a split."""
    for network in networks.NETWORKS:
        steps, chosen = recipe.VIEWS[network.view], films.where(split)
        stack = dataset.pixels(films, paths.data, steps, paths.cache)[chosen]
        lungs = train.lung_weights(paths, network, films)[chosen]
        features.extract(paths, network, f"{split}-f32", stack, lungs, weights="f32")


def _row(int8: np.ndarray, f32: np.ndarray, label: np.ndarray) -> dict:
    positive = label == outside.COVID
    return {
        "covid_auroc_int8": measures.auroc(int8[:, outside.COVID], positive),
        "covid_auroc_f32": measures.auroc(f32[:, outside.COVID], positive),
        "macro_auroc_int8": train.macro_auroc(int8, label),
        "macro_auroc_f32": train.macro_auroc(f32, label),
        "ece_int8": measures.calibration_error(int8, label),
        "ece_f32": measures.calibration_error(f32, label),
        "top_class_changes": int((int8.argmax(axis=1) != f32.argmax(axis=1)).sum()),
        "largest_probability_change": float(np.abs(int8 - f32).max()),
        "films": len(label),
    }


def compare(paths: Paths, films: dataset.Films, split: str, int8: np.ndarray) -> dict:
    """Return the figures of each network and of the ensemble; `int8` holds the logits `[networks, films, 4]` as shipped."""
    chosen = films.where(split)
    settings = json.loads((paths.cache / "calibration.json").read_text())
    f32 = []
    for network in networks.NETWORKS:
        values = np.array(features.Store(paths.features, network, f"{split}-f32").pooled(len(chosen)))
        lungs, centre = train.lung_weights(paths, network, films)[chosen], train.read_centre(paths, network)
        f32.append(train.read_head(paths, network).logits(pooling.read_by_head(values, lungs, centre)))
    stored, plain = (calibrate.consensus(one, settings) for one in (int8[:, chosen], np.stack(f32).astype(np.float64)))
    label = films.label[chosen]
    report = {n.name: _row(a, b, label) for n, a, b in zip(networks.NETWORKS, stored[0], plain[0], strict=True)}
    report["ensemble"] = _row(stored[1], plain[1], label)
    return report


def measure(paths: Paths) -> None:
    """Write metrics/int8.json."""
    films = dataset.read_films(paths.data)
    int8 = calibrate.logits_of(paths, films)
    report = {}
    for split in SPLITS:
        extract(paths, films, split)
        report[split] = compare(paths, films, split, int8)
        print(split, {name: row["top_class_changes"] for name, row in report[split].items()}, flush=True)
    (paths.metrics / "int8.json").write_text(json.dumps(report, indent=1) + "\n")
