"""`calibrate`: temperatures, conformal threshold and operating points on val, none of it on test.

All networks have the same weight in the ensemble: weights fitted on val gained nothing there and lost on sources left out.

The ensemble's temperature is fitted on sources left out instead, which count alike: whoever uses the bundle is a source
that it has never seen, and there the confidence must hold. Inside the data it is too modest by what that costs.
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
    mixed = calibration.mix(calibrated, np.array(settings["weights"]))
    return calibrated, calibration.sharpen(mixed, settings["ensemble_temperature"])


LeftOut = dict[str, tuple[np.ndarray, np.ndarray]]
"""By source: logits `[networks, films, 4]` from heads that never saw it, and the films' labels."""


def left_out(films: dataset.Films, by_network: list[dict[tuple[str, bool], np.ndarray]]) -> LeftOut:
    """Return what heads fitted without a source say of its films, those of the test split left aside."""
    result = {}
    for source in dataset.COVID_SOURCES:
        chosen = np.flatnonzero((films.source == source) & (films.split != "test"))
        result[source] = as_logits([one[source, False] for one in by_network])[:, chosen], films.label[chosen]
    return result


def as_logits(probabilities: list[np.ndarray]) -> np.ndarray:
    """Return logits of which softmax makes these probabilities again, stacked by network."""
    return np.log(np.clip(np.stack(probabilities), 1e-12, 1.0)).astype(np.float64)


def without_each_source(paths: Paths, films: dataset.Films) -> list[dict[tuple[str, bool], np.ndarray]]:
    """Return, by network, the probabilities of all films from heads that were fitted without each source."""
    loaded = (train.load(paths, network, films) for network in networks.NETWORKS)
    return [train.without_sources(films, values, train.SETTINGS) for values in loaded]


def fit(logits: np.ndarray, label: np.ndarray, unseen: LeftOut) -> dict:
    """Fit what makes probabilities of the val logits `[networks, films, 4]`."""
    temperatures = [round(calibration.fit_temperature(one, label), 4) for one in logits]
    weights, scale = np.full(len(logits), 1.0 / len(logits)), np.array(temperatures).reshape(-1, 1, 1)
    elsewhere = [(calibration.mix(heads.softmax(one / scale), weights), of) for one, of in unseen.values()]
    temperature = round(calibration.fit_sharpening(elsewhere), 4)
    final = calibration.sharpen(calibration.mix(heads.softmax(logits / scale), weights), temperature)
    threshold = round(calibration.conformal_threshold(final, label, COVERAGE), 6)
    return {
        "temperatures": temperatures,
        "weights": weights.tolist(),
        "ensemble_temperature": temperature,
        "coverage": COVERAGE,
        "conformal_threshold": threshold,
        "films": len(label),
    }


def calibrate(paths: Paths) -> dict:
    """Fit on val and write calibration.json."""
    films = dataset.read_films(paths.data)
    logits = logits_of(paths, films)
    val = films.where("val")
    settings = fit(logits[:, val], films.label[val], left_out(films, without_each_source(paths, films)))
    covid = consensus(logits[:, val], settings)[1][:, outside.COVID]
    settings["thresholds"] = calibration.operating_points(covid, films.label[val] == outside.COVID, OPERATING)
    (paths.cache / "calibration.json").write_text(json.dumps(settings, indent=1))
    print(settings, flush=True)
    return settings
