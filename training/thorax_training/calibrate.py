"""`calibrate`: temperatures, conformal threshold and operating points on val, none of it on test.

All networks count alike in the ensemble, and nothing is fitted to make one opinion of six (docs/decisions, 12 and 15): what was
fitted on some sources, weights or a temperature of the whole, did not hold on others.
"""

from __future__ import annotations

import json

import numpy as np

from thorax_training import calibration, dataset, heads, networks, outside, train
from thorax_training.paths import Paths

COVERAGE = 0.9
OPERATING = 0.95
"""Sensitivity of the screening threshold and specificity of the confirmation threshold."""


def logits_of(paths: Paths, films: dataset.Films) -> np.ndarray:
    """Return `[networks, films, 4]` logits: the heads on the features of the graphs that ship."""
    logits = [train.read_head(paths, one).logits(train.load(paths, one, films)) for one in networks.NETWORKS]
    return np.stack(logits).astype(np.float64)


def consensus(logits: np.ndarray, settings: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return (each network's calibrated vectors, the ensemble's vectors)."""
    temperatures = np.array(settings["temperatures"]).reshape(-1, 1, 1)
    calibrated = heads.softmax(logits / temperatures)
    return calibrated, calibration.pool(calibrated)


def as_logits(probabilities: list[np.ndarray]) -> np.ndarray:
    """Return logits of which softmax makes these probabilities again, stacked by network."""
    return np.log(np.clip(np.stack(probabilities), 1e-12, 1.0)).astype(np.float64)


def without_each_source(paths: Paths, films: dataset.Films) -> list[dict[tuple[str, bool], np.ndarray]]:
    """Return, by network, the probabilities of all films from heads that were fitted without each source."""
    loaded = (train.load_copies(paths, network, films) for network in networks.NETWORKS)
    return [train.without_sources(films, copies, train.SETTINGS) for copies in loaded]


def fit(logits: np.ndarray, label: np.ndarray) -> dict:
    """Fit what makes probabilities of the val logits `[networks, films, 4]`."""
    settings = {"temperatures": [round(calibration.fit_temperature(one, label), 4) for one in logits]}
    threshold = calibration.conformal_threshold(consensus(logits, settings)[1], label, COVERAGE)
    return {**settings, "coverage": COVERAGE, "conformal_threshold": round(threshold, 6), "films": len(label)}


def calibrate(paths: Paths) -> dict:
    """Fit on val and write calibration.json."""
    films = dataset.read_films(paths.data)
    logits = logits_of(paths, films)
    val = films.where("val")
    settings = fit(logits[:, val], films.label[val])
    covid = consensus(logits[:, val], settings)[1][:, outside.COVID]
    settings["thresholds"] = calibration.operating_points(covid, films.label[val] == outside.COVID, OPERATING)
    (paths.cache / "calibration.json").write_text(json.dumps(settings, indent=1))
    print(settings, flush=True)
    return settings
