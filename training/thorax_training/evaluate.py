"""`evaluate`: every figure of the card, written to metrics/*.json. The test split is read here and nowhere else."""

from __future__ import annotations

import json

import numpy as np

from thorax_training import border, calibrate, calibration, dataset, measures, networks, outside, train
from thorax_training.dataset import LABELS, Films
from thorax_training.paths import Paths

SMALLEST_GROUP = 10


def _areas(probabilities: np.ndarray, films: Films, chosen: np.ndarray) -> dict:
    """Return one-against-rest AUROCs with intervals, drawn by patient."""
    label, rows = films.label[chosen], {}
    for index, name in enumerate(LABELS):
        positive = label == index
        area = measures.area(probabilities[:, index], positive, films.patient[chosen])
        rows[name] = {**area, "films": int(positive.sum())}
    return rows


def describe(probabilities: np.ndarray, films: Films, chosen: np.ndarray) -> dict:
    """Return the figures of one set of probability vectors on some films."""
    label, predicted = films.label[chosen], probabilities.argmax(axis=1)
    return {
        "films": len(chosen),
        "auroc": _areas(probabilities, films, chosen),
        "macro_auroc": train.macro_auroc(probabilities, label),
        "balanced_accuracy": measures.balanced_accuracy(predicted, label),
        "accuracy": float((predicted == label).mean()),
        "ece": measures.calibration_error(probabilities, label),
        "log_loss": measures.log_loss(probabilities, label),
    }


def by_source(probabilities: np.ndarray, films: Films, chosen: np.ndarray) -> list[dict]:
    """Return, by source, accuracy and recall by class, and AUROC of COVID where a source has both sides."""
    rows, predicted = [], probabilities.argmax(axis=1)
    for source in np.unique(films.source[chosen]):
        inside = films.source[chosen] == source
        label = films.label[chosen][inside]
        recall = {LABELS[k]: float((predicted[inside][label == k] == k).mean()) for k in np.unique(label)}
        row = {
            "source": str(source),
            "films": int(inside.sum()),
            "accuracy": float((predicted[inside] == label).mean()),
            "recall": recall,
            "called_covid": float((predicted[inside] == outside.COVID).mean()),
        }
        positive = label == outside.COVID
        if min(positive.sum(), (~positive).sum()) >= SMALLEST_GROUP:
            row["covid_auroc"] = measures.auroc(probabilities[inside][:, outside.COVID], positive)
        rows.append(row)
    return rows


def _sets(probabilities: np.ndarray, label: np.ndarray, threshold: float) -> dict:
    sets = calibration.prediction_sets(probabilities, threshold)
    sizes = sets.sum(axis=1)
    return {
        "coverage": float(sets[np.arange(len(label)), label].mean()),
        "mean_size": float(sizes.mean()),
        "sizes": {str(k): int((sizes == k).sum()) for k in range(len(LABELS) + 1)},
        "coverage_by_class": {LABELS[k]: float(sets[label == k, k].mean()) for k in np.unique(label)},
    }


def _without_each(logits: np.ndarray, settings: dict, label: np.ndarray) -> list[dict]:
    """Return what the ensemble loses without each network."""
    rows = []
    for index, network in enumerate(networks.NETWORKS):
        others = {**settings, "temperatures": np.delete(settings["temperatures"], index)}
        probabilities = calibrate.consensus(np.delete(logits, index, axis=0), others)[1]
        rows.append(
            {
                "without": network.name,
                "macro_auroc": train.macro_auroc(probabilities, label),
                "covid_auroc": measures.auroc(probabilities[:, outside.COVID], label == outside.COVID),
                "balanced_accuracy": measures.balanced_accuracy(probabilities.argmax(axis=1), label),
            }
        )
    return rows


def _disagreement(calibrated: np.ndarray) -> list[list[float]]:
    votes = calibrated.argmax(axis=2)
    return [[float((a != b).mean()) for b in votes] for a in votes]


def inside(films: Films, logits: np.ndarray, settings: dict) -> dict:
    """Return all figures on the val and test splits."""
    report = {"settings": settings}
    for split in ("val", "test"):
        chosen = films.where(split)
        calibrated, mixed = calibrate.consensus(logits[:, chosen], settings)
        label = films.label[chosen]
        votes = calibrated.argmax(axis=2)
        agreeing = (votes == mixed.argmax(axis=1)).sum(axis=0)
        report[split] = {
            "ensemble": describe(mixed, films, chosen),
            "networks": {
                n.name: describe(p, films, chosen) for n, p in zip(networks.NETWORKS, calibrated, strict=True)
            },
            "sources": by_source(mixed, films, chosen),
            "conformal": _sets(mixed, label, settings["conformal_threshold"]),
            "operating": _operating(mixed[:, outside.COVID], label == outside.COVID, settings["thresholds"]),
            "without_each": _without_each(logits[:, chosen], settings, label),
            "disagreement": _disagreement(calibrated),
            "accuracy_by_agreement": {
                str(k): {
                    "films": int((agreeing == k).sum()),
                    "accuracy": float((mixed.argmax(axis=1) == label)[agreeing == k].mean()),
                }
                for k in np.unique(agreeing)
            },
        }
    return report


def left_out(films: Films, by_network: list[dict[tuple[str, bool], np.ndarray]]) -> dict:
    """Return leave-one-source-out AUROCs of every network and of all pooled."""
    pooled = {key: calibration.pool(np.stack([one[key] for one in by_network])) for key in by_network[0]}
    named = [*((n.name, one) for n, one in zip(networks.NETWORKS, by_network, strict=True)), ("ensemble", pooled)]
    return {name: outside.leave_one_source_out(films, one, with_test=True) for name, one in named}


def unseen_calibration(films: Films, by_network: list[dict[tuple[str, bool], np.ndarray]]) -> dict:
    """Return how far probabilities can be believed on a source that neither heads nor calibration have seen.

    Everything that `calibrate` fits is fitted anew without the source, then held against all its films.
    """
    report, kept = {}, []
    for source in dataset.COVID_SOURCES:
        logits = calibrate.as_logits([one[source, False] for one in by_network])
        val = np.flatnonzero((films.split == "val") & (films.source != source))
        settings = calibrate.fit(logits[:, val], films.label[val])
        chosen = np.flatnonzero(films.source == source)
        mixed, label = calibrate.consensus(logits[:, chosen], settings)[1], films.label[chosen]
        report[source] = _believed(mixed, label, settings["conformal_threshold"])
        kept.append((mixed, label))
    together = [np.concatenate(column) for column in zip(*kept, strict=True)]
    report["all three together"] = _believed(*together, None)
    return report


def _believed(probabilities: np.ndarray, label: np.ndarray, threshold: float | None) -> dict:
    coverage = {} if threshold is None else {"coverage": _sets(probabilities, label, threshold)["coverage"]}
    return {
        "films": len(label),
        "ece": measures.calibration_error(probabilities, label),
        "accuracy": float((probabilities.argmax(axis=1) == label).mean()),
        "confidence": float(probabilities.max(axis=1).mean()),
        **coverage,
    }


def _operating(probability: np.ndarray, positive: np.ndarray, thresholds: dict[str, float]) -> list[dict]:
    """Return sensitivity and specificity for COVID at the thresholds that the bundle carries."""
    rows = []
    for name, threshold in thresholds.items():
        called = probability >= threshold
        rows.append(
            {
                "name": name,
                "threshold": threshold,
                "sensitivity": float(called[positive].mean()),
                "specificity": float((~called[~positive]).mean()),
            }
        )
    return rows


def _write(paths: Paths, name: str, content: object) -> None:
    (paths.metrics / name).write_text(json.dumps(content, indent=1) + "\n")


def summary(report: dict, outside_report: dict, gate: dict) -> dict:
    """Return the few figures that the manifest carries."""
    test, covid = report["test"]["ensemble"], report["test"]["ensemble"]["auroc"]["COVID"]
    ensemble = outside_report["ensemble"]
    held_out = next(row for row in gate["frontal"] if row["split"] == "test")
    pictures = gate["not_chest_by_picture"]
    return {
        "test_films": test["films"],
        "test_covid_auroc": round(covid["auroc"], 3),
        "test_covid_auroc_low": round(covid["low"], 3),
        "test_covid_auroc_high": round(covid["high"], 3),
        "test_macro_auroc": round(test["macro_auroc"], 3),
        "test_balanced_accuracy": round(test["balanced_accuracy"], 3),
        "test_ece": round(test["ece"], 3),
        "test_conformal_coverage": round(report["test"]["conformal"]["coverage"], 3),
        "unseen_source_covid_auroc": {k: round(v["both_unseen"], 3) for k, v in ensemble.items()},
        "same_unseen_source_covid_auroc": {
            k: round(v["same_source"], 3) for k, v in ensemble.items() if "same_source" in v
        },
        "gate_not_chest": sum(row["pictures"] for row in pictures),
        "gate_not_chest_refused": sum(row["refused"] for row in pictures),
        "gate_frontal_test": held_out["films"],
        "gate_frontal_test_refused": held_out["refused"],
        "note": "The test split shares its sources with training; expect the figures of unseen sources elsewhere.",
    }


def evaluate(paths: Paths) -> None:
    """Write evaluation.json, outside.json, unseen.json, border.json and summary.json."""
    films = dataset.read_films(paths.data)
    settings = json.loads((paths.cache / "calibration.json").read_text())
    logits = calibrate.logits_of(paths, films)
    by_network = calibrate.without_each_source(paths, films)
    report, outside_report = inside(films, logits, settings), left_out(films, by_network)
    _write(paths, "evaluation.json", report)
    _write(paths, "outside.json", outside_report)
    _write(paths, "unseen.json", unseen_calibration(films, by_network))
    _write(paths, "border.json", border.measure(paths, films))
    gate = json.loads((paths.metrics / "gate.json").read_text())
    _write(paths, "summary.json", summary(report, outside_report, gate))
    print(json.dumps(summary(report, outside_report, gate), indent=1), flush=True)
