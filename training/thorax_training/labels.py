"""`labels`: how well each label is told in a collection that no head has seen, beside what is told where it is known.

Sources of one collection are left out together: the small and the large Kermany films come from the same hospital. The figures of
decisions are those of COVID (`outside`); these say what the other three labels are worth elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from thorax_training import border, calibrate, calibration, dataset, gate_stage, heads, measures, networks, train
from thorax_training.dataset import LABELS, Films
from thorax_training.paths import Paths

COLLECTIONS = {
    "ieee8023": ("ieee8023",),
    "radiography-db": ("radiography-db",),
    "nih-chestxray14": ("nih-chestxray14",),
    "kermany": ("kermany-224", "kermany-hi"),
}
"""The collections that hold more than one label; in covid-cxnet all films are of COVID."""
SMALLEST_GROUP = 15


def told_without(paths: Paths, films: Films) -> dict[str, np.ndarray]:
    """Return, by collection, what the networks together say of all films when no head was fitted on it."""
    told: dict[str, list[np.ndarray]] = {name: [] for name in COLLECTIONS}
    for network in networks.NETWORKS:
        copies = train.load_copies(paths, network, films)
        for name, sources in COLLECTIONS.items():
            kept = np.flatnonzero((films.split == "train") & ~np.isin(films.source, sources))
            told[name].append(heads.softmax(train.fit(films, copies, kept, train.SETTINGS).logits(copies[0])))
        print(f"labels: {network.name} done", flush=True)
    return {name: calibration.pool(np.stack(one)) for name, one in told.items()}


@dataclass(frozen=True)
class Known:
    """What is said of all films where their collections were learned from, and what needs no network to see."""

    ensemble: np.ndarray
    """`[films, 4]`, the probabilities of the bundle."""
    ring: np.ndarray
    """`[films, 4]`, those of the border-only baseline (`border`)."""
    sharpness: np.ndarray
    """`[films]`, `quality.sharpness`."""


def rows_of(films: Films, unseen: dict[str, np.ndarray], known: Known) -> list[dict]:
    """Return one row a collection and label, its areas against the collection's other films: unseen, on all films; known, by the
    ensemble and by the border alone, on test films; by the films' sharpness alone. And the share of films named so, unseen."""
    rows = []
    for name, sources in COLLECTIONS.items():
        inside = np.isin(films.source, sources)
        for label in np.unique(films.label[inside]):
            positive = films.label == label
            if min((inside & positive).sum(), (inside & ~positive).sum()) < SMALLEST_GROUP:
                continue
            called, test = unseen[name].argmax(axis=1) == label, inside & (films.split == "test")
            rows.append(
                {
                    "collection": name,
                    "label": LABELS[label],
                    "films": int((inside & positive).sum()),
                    "unseen": _area(films, unseen[name][:, label], positive, inside),
                    "known": _area(films, known.ensemble[:, label], positive, test),
                    "border": _area(films, known.ring[:, label], positive, test),
                    "sharpness": measures.auroc(known.sharpness[inside], positive[inside]),
                    "named": float(called[inside & positive].mean()),
                    "others_named": float(called[inside & ~positive].mean()),
                }
            )
    return rows


def _area(films: Films, score: np.ndarray, positive: np.ndarray, chosen: np.ndarray) -> dict | None:
    """Return the area on some films with its interval, drawn by patient; none where too few are of either side."""
    if min(positive[chosen].sum(), (~positive[chosen]).sum()) < SMALLEST_GROUP:
        return None
    return measures.area(score[chosen], positive[chosen], films.patient[chosen])


def measure(paths: Paths) -> None:
    """Write metrics/labels.json."""
    films = dataset.read_films(paths.data)
    settings = json.loads((paths.cache / "calibration.json").read_text())
    known = Known(
        ensemble=calibrate.consensus(calibrate.logits_of(paths, films), settings)[1],
        ring=border.told(films, border.rings(paths, films), films.where("train")),
        sharpness=gate_stage.quality_of(paths, films)[:, 3],
    )
    rows = rows_of(films, told_without(paths, films), known)
    (paths.metrics / "labels.json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print(row, flush=True)
