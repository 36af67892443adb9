"""`gate`: limits of the pixel rules, the gate's classifier, and how both do on pictures that they have not seen."""

from __future__ import annotations

import json

import numpy as np

from thorax_training import dataset, gate, gate_pictures, networks, quality, recipe, train
from thorax_training.paths import Paths


def quality_of(paths: Paths, films: dataset.Films) -> np.ndarray:
    """Return `quality.measure` of all films, from a cache file if there is one."""
    cache = paths.cache / "quality.npy"
    if not cache.exists():
        np.save(cache, quality.measure([recipe.read_film(paths.data / "xrays" / file) for file in films.file]))
    return np.load(cache)


def _crossed(measured: np.ndarray, limits: dict) -> np.ndarray:
    return (
        (measured[:, 0] < limits["minimum_short_side"])
        | (measured[:, 1] > limits["maximum_aspect"])
        | (measured[:, 2] < limits["minimum_contrast"])
        | (measured[:, 3] < limits["minimum_sharpness"])
    )


def run(paths: Paths) -> None:
    """Fit the gate on the first network's embedding and write gate.json, limits.json and metrics/gate.json."""
    films, network = dataset.read_films(paths.data), networks.NETWORKS[0]
    measured = quality_of(paths, films)
    separations = np.array([quality.separation(lungs) for lungs in np.load(paths.cache / "lungs.npy")])
    limits = quality.limits_from(measured[films.where("train")], separations[films.where("train")])
    (paths.cache / "limits.json").write_text(json.dumps(limits))
    frontal = train.embedding(paths, network, films)
    by_pixels, by_lungs = _crossed(measured, limits), separations < limits["minimum_separation"]
    examples = gate.embed(paths, network, gate.collect(paths), limits)
    fitted = gate.final(examples, films, frontal)
    (paths.cache / "gate.json").write_text(fitted.to_json())
    by_classifier = fitted.refuses(frontal)
    report = {"network": network.name, "limits": limits, "minimum_frontal": fitted.minimum_frontal, "frontal": []}
    for split in ("train", "val", "test"):
        chosen = films.where(split)
        counts = gate.tally(chosen, classifier=by_classifier, pixel_rules=by_pixels, lungs=by_lungs)
        report["frontal"].append({"split": split, "films": len(chosen), **counts})
    report["not_chest_by_picture"] = gate.out_of_fold(examples, films, frontal, by_kind=False)
    report["not_chest_kind_left_out"] = gate.out_of_fold(examples, films, frontal, by_kind=True)
    report["spoiled_test_films"] = gate.changed_refusals(fitted, examples, "test", gate_pictures.SPOILED)
    report["tilted_test_films"] = gate.changed_refusals(fitted, examples, "test", tuple(gate_pictures.TILTED))
    (paths.metrics / "gate.json").write_text(json.dumps(report, indent=1) + "\n")
    for row in report["frontal"] + report["not_chest_by_picture"] + report["spoiled_test_films"] + report["tilted_test_films"]:
        print(row, flush=True)
