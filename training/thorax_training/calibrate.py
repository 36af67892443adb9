"""`calibrate`: temperatures, ensemble weights and the conformal threshold, all on val, none of it on test."""

from __future__ import annotations

import json

import numpy as np

from thorax_training import calibration, dataset, heads, networks, train
from thorax_training.paths import Paths

COVERAGE = 0.9


def logits_of(paths: Paths, films: dataset.Films) -> tuple[np.ndarray, np.ndarray]:
    """Return `[networks, films, 4]` logits (the head on the features of the graphs that ship) and which films have all."""
    logits, available = [], np.ones(len(films), bool)
    for network in networks.NETWORKS:
        values = train.load(paths, network, films)
        logits.append(train.read_head(paths, network).logits(values.clean))
        available &= values.available
    return np.stack(logits).astype(np.float64), available


def consensus(logits: np.ndarray, settings: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return (each network's calibrated vectors, the ensemble's vectors)."""
    temperatures = np.array(settings["temperatures"]).reshape(-1, 1, 1)
    calibrated = heads.softmax(logits / temperatures)
    mixed = calibration.mix(calibrated, np.array(settings["weights"]))
    return calibrated, calibration.sharpen(mixed, settings["ensemble_temperature"])


def fit(logits: np.ndarray, label: np.ndarray) -> dict:
    """Fit everything on the val logits `[networks, films, 4]`."""
    temperatures = [round(calibration.fit_temperature(one, label), 4) for one in logits]
    calibrated = heads.softmax(logits / np.array(temperatures).reshape(-1, 1, 1))
    weights = calibration.fit_weights(calibrated, label)
    mixed = calibration.mix(calibrated, weights)
    temperature = round(calibration.fit_sharpening(mixed, label), 4)
    final = calibration.sharpen(mixed, temperature)
    threshold = round(calibration.conformal_threshold(final, label, COVERAGE), 6)
    return {
        "temperatures": temperatures,
        "weights": [float(round(w, 4)) for w in weights],
        "ensemble_temperature": temperature,
        "coverage": COVERAGE,
        "conformal_threshold": threshold,
        "films": len(label),
    }


def calibrate(paths: Paths) -> dict:
    """Fit on val and write calibration.json."""
    films = dataset.read_films(paths.data)
    logits, available = logits_of(paths, films)
    val = films.where("val")
    val = val[available[val]]
    settings = fit(logits[:, val], films.label[val])
    (paths.cache / "calibration.json").write_text(json.dumps(settings, indent=1))
    print(settings, flush=True)
    return settings
