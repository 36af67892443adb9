"""`card`: docs/model-card.md out of metrics/*.json. Every figure names the stage that prints it."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np

from thorax_training import card_text, dataset, networks, packages, precision, runners
from thorax_training.dataset import LABELS
from thorax_training.paths import Paths


def _table(header: list[str], rows: list[list[object]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def _three(value: float | None) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.3f}"


def _from(stage: str) -> str:
    return f"Printed by `python -m thorax_training {stage}`.\n"


def _interval(row: dict | None) -> str:
    return "" if row is None else f"{row['auroc']:.3f} ({row['low']:.3f}-{row['high']:.3f})"


def _inside(report: dict, split: str) -> str:
    rows = []
    for name, entry in [("**ensemble**", report[split]["ensemble"]), *report[split]["networks"].items()]:
        areas = [_interval(entry["auroc"][label]) for label in LABELS]
        rows.append([name, *areas, _three(entry["balanced_accuracy"]), _three(entry["ece"])])
    return _table(["", *[f"{label}: AUROC (95 %)" for label in LABELS], "balanced accuracy", "ECE"], rows)


def _sources(report: dict, split: str) -> str:
    rows = []
    for row in report[split]["sources"]:
        recall = ", ".join(f"{label} {value:.2f}" for label, value in row["recall"].items())
        rows.append(
            [
                row["source"],
                row["films"],
                _three(row["accuracy"]),
                recall,
                _three(row["called_covid"]),
                _three(row.get("covid_auroc")),
            ]
        )
    header = ["source", "films", "accuracy", "recall", "called COVID", "COVID AUROC within the source"]
    return _table(header, rows)


def _outside(report: dict, border: dict) -> str:
    rows = []
    for name, entry in [*report.items(), ("border only, no lung in it", border["left_out"])]:
        for source, row in entry.items():
            rows.append([name, source, _three(row["nih"]), _three(row["both_unseen"]), _three(row.get("same_source"))])
    header = ["", "left out", "against NIH patients not trained on", "NIH left out too", "against the same source"]
    return _table(header, rows)


def _labels(rows: list[dict]) -> str:
    cells = [
        [
            row["collection"],
            row["label"],
            row["films"],
            *(_interval(row[kind]) for kind in ("unseen", "known", "border")),
            _three(row["sharpness"]),
            f"{row['named']:.2f}",
            f"{row['others_named']:.2f}",
        ]
        for row in rows
    ]
    header = ["collection", "label", "films", "never seen: AUROC (95 %)", "known", "border alone, known", "sharpness alone"]
    return _table([*header, "never seen: named so", "others named so"], cells)


def _gate(gate: dict) -> str:
    counts = {
        "refused by classifier": "refused_by_classifier",
        "by pixel rules": "refused_by_pixel_rules",
        "by lungs": "refused_by_lungs",
        "by any": "refused",
    }

    def cells(row: dict) -> list:
        return [row[key] for key in counts.values()]

    frontal = _table(
        ["frontal films", "films", *counts], [[r["split"], r["films"], *cells(r)] for r in gate["frontal"]]
    )
    left = {row["kind"]: row for row in gate["not_chest_kind_left_out"]}
    unseen = ["kind unseen: by classifier", "by any"]
    pictures = _table(
        ["no frontal chest film", "pictures", *counts, *unseen],
        [
            [r["kind"], r["pictures"], *cells(r), left[r["kind"]]["refused_by_classifier"], left[r["kind"]]["refused"]]
            for r in gate["not_chest_by_picture"]
        ],
    )
    spoiled = _table(
        ["test films, spoiled", "pictures", *counts],
        [[r["kind"], r["pictures"], *cells(r)] for r in gate["spoiled_test_films"]],
    )
    tilted = _table(
        ["good test films, tilted", "pictures", *counts],
        [[f"{r['kind']} degrees", r["pictures"], *cells(r)] for r in gate["tilted_test_films"]],
    )
    return "\n\n".join([frontal, pictures, spoiled, tilted])


def _storage(report: dict | None) -> str:
    if report is None:
        return "Not measured for this bundle."
    rows = [
        [
            split,
            name,
            _three(r["covid_auroc_f32"]),
            _three(r["covid_auroc_int8"]),
            _three(r["ece_f32"]),
            _three(r["ece_int8"]),
            f"{r['top_class_changes']} of {r['films']}",
        ]
        for split, networks_of in report.items()
        for name, r in networks_of.items()
    ]
    header = ["split", "", "COVID AUROC, float32", "int8", "ECE, float32", "int8", "top class changes"]
    return _table(header, rows)


def _precision_costs(report: dict | None) -> str:
    if report is None:
        return "Not measured for this bundle."
    names = {
        **{one: f"all in {one}" for one in runners.PRECISIONS},
        "cpu": "as allowed, on a processor",
        "gpu": "as allowed, on a graphics card",
    }
    rows = []
    for split in ("val", "test"):
        exact = report[split]["f32"]
        for kind, spelled in names.items():
            for name, r in report[split][kind].items():
                figures = [cell for one in ("covid_auroc", "macro_auroc", "ece") for cell in (exact[name][one], r[one])]
                changes = f"{r['top_class_changes']} of {r['films']}"
                computed = spelled if name == "ensemble" else kind
                step = _three(r["largest_probability_change"])
                rows.append([split, f"{name}, {computed}", *map(_three, figures), changes, step])
    header = ["split", "", "COVID AUROC, f32", "reduced", "mean AUROC, f32", "reduced", "ECE, f32", "reduced"]
    return _table([*header, "top class changes", "largest change of a probability"], rows)


def _precision_choice(report: dict | None) -> str:
    if report is None:
        return "All networks are computed in f32."
    rows = [
        [
            name,
            ", ".join(["f32", *one["reduced"]]),
            "; ".join(f"{kind}: {why}" for kind, why in one["left_out"].items()),
        ]
        for name, one in report["networks"].items()
    ]
    return _table(["network", "computed in", "left out on the figures of val"], rows)


def _precision_engines(report: dict | None) -> str:
    return "" if report is None else "; ".join(f"{kind}: {engine}" for kind, engine in report["engines"].items())


def _without(report: dict) -> str:
    rows = [
        [r["without"], _three(r["covid_auroc"]), _three(r["macro_auroc"]), _three(r["balanced_accuracy"])]
        for r in report["test"]["without_each"]
    ]
    return _table(["without", "COVID AUROC", "mean AUROC", "balanced accuracy"], rows)


def _disagreement(report: dict) -> str:
    names = [network.name for network in networks.NETWORKS]
    rows = [
        [name, *[f"{value:.2f}" for value in row]]
        for name, row in zip(names, report["test"]["disagreement"], strict=True)
    ]
    return _table(["", *names], rows)


def _agreement(report: dict) -> str:
    rows = [
        [f"{k} of 6", r["films"], _three(r["accuracy"])] for k, r in report["test"]["accuracy_by_agreement"].items()
    ]
    return _table(["networks that agree with the consensus", "films", "accuracy"], rows)


def _recipe(table: list[dict]) -> str:
    def mean(left_out: dict, kind: str) -> str:
        return _three(float(np.mean([row[kind] for row in left_out.values() if kind in row])))

    rows = [
        [
            r["recipe"],
            mean(r["left_out"], "both_unseen"),
            mean(r["left_out"], "same_source"),
            *(_three(r[key]) for key in ("outside", "val_covid_auroc", "val_macro_auroc")),
        ]
        for r in table
    ]
    header = ["recipe", "NIH left out too", "same source", "**both of the latter**", "val COVID AUROC", "val mean AUROC"]
    return _table(header, rows)


def _origins(settings: dict) -> str:
    rows = [
        [n.title, n.view, n.origin, n.licence, t]
        for n, t in zip(networks.NETWORKS, settings["temperatures"], strict=True)
    ]
    return _table(["network", "view", "where the backbone comes from", "licence", "temperature"], rows)


def _steps(rows: list[dict]) -> str:
    header = [
        "mean of the networks",
        "passes a film",
        "against NIH",
        "NIH left out too",
        "same source",
        "**both of the latter**",
        "val, mean AUROC",
    ]
    kinds = ("nih", "both_unseen", "same_source", "outside", "val_macro_auroc")
    return _table(header, [[row["name"], row["passes"], *(_three(row[kind]) for kind in kinds)] for row in rows])


def _share(entry: dict) -> str:
    return f"{entry['share'] * 100:.1f} % ({entry['low'] * 100:.1f}-{entry['high'] * 100:.1f})"


def _area(entry: dict | None) -> str:
    return "" if entry is None else f"{entry['value']:.3f} ({entry['low']:.3f}-{entry['high']:.3f})"


def _groups(program: dict) -> str:
    rows = [
        [
            group["by"],
            group["name"],
            group["films"],
            group["covid"],
            _share(group["accuracy"]),
            _area(group["covid_auroc"]),
        ]
        for group in program["groups"]
    ]
    return _table(["by", "group", "films", "with COVID", "accuracy (95 %)", "COVID AUROC (95 %)"], rows)


def _checks(program: dict) -> str:
    names = {"border_only": "nothing but the outer border of 6 %", "lungs_covered": "everything but the lungs"}
    rows = [
        [name, program["checks"][key]["films"], _area(program["checks"][key]["covid_auroc"])]
        for key, name in names.items()
    ]
    return _table(["what is left of the film", "films", "COVID AUROC (95 %)"], rows)


def _program(paths: Paths) -> dict:
    """Read what `thorax evaluate` said of the test split, which must have been of this bundle."""
    program = json.loads((paths.metrics / "program.json").read_text())
    if program["provenance"]["bundle_sha256"] != packages.sha256_of(paths.bundle / "bundle.toml"):
        raise ValueError(
            "metrics/program.json is of another bundle: run `thorax evaluate` as the card says, copy its evaluation.json"
        )
    return program


def _unseen_means(row: dict) -> list[str]:
    """Return both kinds' means over the sources left out, and the one number that choices are made on."""
    sources = row["areas"].values()
    kinds = ([areas[kind] for areas in sources if kind in areas] for kind in ("both_unseen", "same_source"))
    return [*(_three(float(np.mean(values))) for values in kinds), _three(row["outside"])]


def _ways(rows: list[dict]) -> str:
    cells = [[row["network"], row["way"], row["weights"], *_unseen_means(row)] for row in rows]
    return _table(["network", "way", "weights", "NIH left out too", "same source", "**all**"], cells)


def _tuned(rows: list[dict]) -> str:
    cells = [[row["network"], row["weights"], *_unseen_means(row), _three(row["val_macro_auroc"])] for row in rows]
    return _table(["network", "weights", "NIH left out too", "same source", "**all**", "val, mean AUROC"], cells)


def _unseen(report: dict) -> str:
    kinds = ("ece", "accuracy", "confidence", "coverage")
    rows = [[source, row["films"], *(_three(row.get(kind)) for kind in kinds)] for source, row in report.items()]
    header = ["source left out", "films", "ECE", "accuracy", "mean confidence", "coverage of the 90 % sets"]
    return _table(header, rows)


def _operating(report: dict) -> str:
    rows = [
        [split, row["name"], f"{row['threshold']:.4f}", _three(row["sensitivity"]), _three(row["specificity"])]
        for split in ("val", "test")
        for row in report[split]["operating"]
    ]
    return _table(["split", "threshold", "P(COVID) at least", "sensitivity", "specificity"], rows)


def _explanation(rows: list[dict]) -> str:
    header = [
        "network",
        "deletion: map (chance)",
        "insertion: map (chance)",
        "heat on the lungs (their part of the view)",
        "like the map of a shuffled head",
        "of shuffled layers",
    ]
    cells = [
        [
            row["network"],
            f"{row['deletion']:.3f} ({row['deletion_by_chance']:.3f})",
            f"{row['insertion']:.3f} ({row['insertion_by_chance']:.3f})",
            f"{row['lung_share']:.2f} ({row['lung_area']:.2f})",
            f"{row['alike_with_shuffled_head']:.2f}",
            f"{row['alike_with_shuffled_layers']:.2f}",
        ]
        for row in rows
    ]
    return _table(header, cells)


def _data(paths: Paths) -> str:
    films = dataset.read_films(paths.data)
    rows = []
    for source in np.unique(films.source):
        inside = films.source == source
        count = Counter(LABELS[k] for k in films.label[inside])
        licences = Counter(films.licence[inside]).most_common(3)
        more = len(set(films.licence[inside])) - len(licences)
        text = "; ".join(name for name, _ in licences) + (f"; and {more} more" if more else "")
        rows.append([source, *[count.get(label, 0) for label in LABELS], text])
    return _table(["source", *LABELS, "licence as stated"], rows)


def _border(border: dict) -> str:
    rows = [
        [split, *(_three(border[split][key]) for key in ("covid_auroc", "macro_auroc", "balanced_accuracy"))]
        for split in ("val", "test")
    ]
    return _table(["border only", "COVID AUROC", "mean AUROC", "balanced accuracy"], rows)


def _conformal(report: dict) -> str:
    sets = report["test"]["conformal"]
    sizes = ", ".join(f"{size} labels: {count}" for size, count in sets["sizes"].items())
    classes = ", ".join(f"{label} {value:.3f}" for label, value in sets["coverage_by_class"].items())
    return f"Aim 0.90, reached on test {sets['coverage']:.3f} ({classes}); mean size {sets['mean_size']:.2f} ({sizes})."


def write(paths: Paths) -> None:
    """Write the card."""

    def read(name: str) -> dict | None:
        file = paths.metrics / name
        return json.loads(file.read_text()) if file.exists() else None

    report, border, lungs = read("evaluation.json"), read("border.json"), read("lungs.json")
    views, program = read("views.json"), _program(paths)
    parts = {
        "bundle": paths.bundle.name,
        "origins": _origins(report["settings"]),
        "data": _data(paths),
        "test": _inside(report, "test"),
        "val": _inside(report, "val"),
        "sources": _sources(report, "test"),
        "outside": _outside(read("outside.json"), border),
        "labels": _labels(read("labels.json")),
        "unseen": _unseen(read("unseen.json")),
        "operating": _operating(report),
        "groups": _groups(program),
        "checks": _checks(program),
        "ways": _ways(read("tuning.json")["ways"]),
        "short": read("tuning.json")["steps"]["ways"],
        "long": read("tuning.json")["steps"]["networks"],
        "tuned": _tuned(read("tuning.json")["networks"]),
        "steps": _steps(views["steps"]),
        "single": _steps(views["networks"]),
        "explanation": _explanation(read("explanation.json")),
        "border": _border(border),
        "conformal": _conformal(report),
        "agreement": _agreement(report),
        "without": _without(report),
        "disagreement": _disagreement(report),
        "gate": _gate(read("gate.json")),
        "minimum_separation": read("gate.json")["limits"]["minimum_separation"],
        "storage": _storage(read("int8.json")),
        "precision_choice": _precision_choice(read("precision.json")),
        "precision_costs": _precision_costs(read("precision.json")),
        "precision_engines": _precision_engines(read("precision.json")),
        "largest_loss": precision.LARGEST_LOSS,
        "largest_change": f"{precision.LARGEST_CHANGE * 100:.0f} %",
        "consensus_change": f"{precision.CONSENSUS_CHANGE * 100:.0f} %",
        "largest_step": precision.LARGEST_STEP,
        "small": f"{precision.SMALL / 1e6:.0f} million",
        "recipe": _recipe(read("recipe.json")),
        "dice": _three(lungs["test"]["dice"]),
        "from_evaluate": _from("evaluate"),
        "from_labels": _from("labels"),
        "from_gate": _from("gate"),
        "from_storage": _from("storage"),
        "from_precision": _from("precision"),
        "from_recipe": _from("recipe"),
        "weighting": _steps(read("weighting.json")),
        "from_weighting": _from("weighting"),
        "from_locate": _from("locate"),
        "from_views": _from("views"),
        "from_tune": _from("tune"),
        "from_explain": _from("explain"),
    }
    paths.card.write_text(card_text.TEMPLATE.format(**parts))
