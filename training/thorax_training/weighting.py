"""`weighting`: how should films count when a head is fitted, and how far should labels be believed? Measured on left-out sources and
val, the six networks together; no test film is looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from thorax_training import dataset, heads, networks, train, views
from thorax_training.dataset import LABELS, Films
from thorax_training.paths import Paths

MINED = "nih-chestxray14"
"""The source whose labels were mined from reports."""
ROUNDS = 4
STEP = 1.0
"""How often, and how far, a group's share follows its loss (`_hardest_groups`)."""

CERTAIN = replace(train.SETTINGS, softening=0.0)
"""Settings of heads that believe labels as they are."""

Way = Callable[[Films, np.ndarray, np.ndarray], heads.Head]
"""From films, what heads read of their copies, and the positions of those to fit on, to a head."""


def _films_alike(films: Films, copies: np.ndarray, chosen: np.ndarray) -> heads.Head:
    return train.fit(films, copies, chosen, CERTAIN, weights=np.ones(len(chosen)))


def _classes_alike(films: Films, copies: np.ndarray, chosen: np.ndarray) -> heads.Head:
    counts = np.bincount(films.label[chosen], minlength=len(LABELS))
    weights = len(chosen) / len(LABELS) / counts[films.label[chosen]]
    return train.fit(films, copies, chosen, CERTAIN, weights=weights)


def _hardest_groups(films: Films, copies: np.ndarray, chosen: np.ndarray) -> heads.Head:
    """Group DRO (Sagawa et al. 2020): a class of a source counts by the exponential of its loss, worked out anew after each fit."""
    label, source = films.label[chosen], films.source[chosen]
    weights = dataset.sample_weights(label, source)
    group = np.unique(np.char.add(source.astype(str), label.astype(str)), return_inverse=True)[1]
    for _ in range(ROUNDS):
        told = heads.softmax(train.fit(films, copies, chosen, CERTAIN, weights).logits(copies[0][chosen]))
        loss = -np.log(np.maximum(told[np.arange(len(chosen)), label], 1e-9))
        of_group = np.bincount(group, loss) / np.bincount(group)
        weights = weights * np.exp(STEP * of_group)[group]
        weights *= len(weights) / weights.sum()
    return train.fit(films, copies, chosen, CERTAIN, weights)


def _softened(share: float, source: str | None = None) -> Way:
    """Believe labels, those of one source or all, but for a share."""

    def way(films: Films, copies: np.ndarray, chosen: np.ndarray) -> heads.Head:
        doubt = np.where((films.source[chosen] == source) | (source is None), share, 0.0)
        return train.fit(films, copies, chosen, train.SETTINGS, target=heads.softened(films.label[chosen], doubt))

    return way


WAYS: dict[str, Way] = {
    "as in the bundle: all labels softened by 0.1": _softened(0.1),
    "all labels softened by 0.2": _softened(0.2),
    "all labels softened by 0.4": _softened(0.4),
    "NIH's labels softened by 0.1": _softened(0.1, MINED),
    "NIH's labels softened by 0.3": _softened(0.3, MINED),
    "labels as they are: classes alike, and in a class sources alike": _softened(0.0),
    "labels as they are: classes alike, sources by their films": _classes_alike,
    "labels as they are: films alike": _films_alike,
    "labels as they are: groups that are told worst count most (group DRO)": _hardest_groups,
}


def measure(paths: Paths) -> None:
    """Write metrics/weighting.json."""
    films = dataset.read_films(paths.data)

    def of_network(network: networks.Network) -> dict[str, views.Told]:
        copies = train.load_copies(paths, network, films)
        told = {name: views.told(films, copies, partial(way, films, copies)) for name, way in WAYS.items()}
        print(f"weighting: {network.name} done", flush=True)
        return told

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(of_network, networks.NETWORKS))
    rows = [views.figures(films, name, [one[name] for one in told]) for name in WAYS]
    (paths.metrics / "weighting.json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print(row, flush=True)
