"""`storage`: what storing weights as int8 costs against float32 weights, on the test split, with the same heads."""

from __future__ import annotations

import json

import numpy as np

from thorax_training import calibrate, dataset, features, measures, networks, outside, recipe, train
from thorax_training.paths import Paths


def extract(paths: Paths) -> None:
    """Run the float32 graphs over the test split."""
    films = dataset.read_films(paths.data)
    stack = dataset.pixels(films, paths.data, recipe.STEPS, paths.cache / "pixels.plain.npy")[films.where("test")]
    for network in networks.NETWORKS:
        features.extract(paths, network, "test-f32", stack, keep_grid=False, weights="f32")


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


def measure(paths: Paths) -> None:
    """Write metrics/int8.json."""
    extract(paths)
    films = dataset.read_films(paths.data)
    test = films.where("test")
    settings = json.loads((paths.cache / "calibration.json").read_text())
    int8 = calibrate.logits_of(paths, films)[0][:, test]
    f32 = []
    for network in networks.NETWORKS:
        store = features.Store(paths.features, network, "test-f32")
        f32.append(train.read_head(paths, network).logits(np.array(store.mean(len(test)))))
    first, second = (calibrate.consensus(logits, settings) for logits in (int8, np.stack(f32).astype(np.float64)))
    report = {
        n.name: _row(a, b, films.label[test]) for n, a, b in zip(networks.NETWORKS, first[0], second[0], strict=True)
    }
    report["ensemble"] = _row(first[1], second[1], films.label[test])
    (paths.metrics / "int8.json").write_text(json.dumps(report, indent=1) + "\n")
    print({name: row["top_class_changes"] for name, row in report.items()}, flush=True)
