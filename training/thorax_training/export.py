"""`export`: the bundle folder, as docs/bundle.md describes it."""

from __future__ import annotations

import datetime
import json
import shutil

import numpy as np
import onnx

from thorax_training import (
    assemble,
    dataset,
    golden,
    graphs,
    locator,
    manifest,
    networks,
    packages,
    pooling,
    recipe,
    reduced,
    train,
)
from thorax_training.paths import Paths

LARGEST_FILE = 50 * 1024 * 1024
LARGEST_BUNDLE = 100 * 1024 * 1024
CAUTION = (
    "The viral pneumonia films that the networks learned from are 98 % films of children of one to five years. In an "
    "adult this label is little more than a guess: do not rely on it."
)


def _network_entry(paths: Paths, network: networks.Network, temperature: float) -> dict:
    backbone = onnx.load(paths.graphs / f"{network.name}.int8.onnx")
    model = assemble.attach(backbone, network, train.read_head(paths, network), train.read_centre(paths, network))
    file = paths.bundle / f"{network.name}.onnx"
    onnx.save(model, file)
    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{file.name} is larger than a file of a bundle may be")
    return {
        "name": network.name,
        "title": network.title,
        "file": file.name,
        "sha256": packages.sha256_of(file),
        "view": network.view,
        "parameters": assemble.parameters_of(model),
        "licence": network.licence,
        "origin": network.origin,
        "temperature": temperature,
    }


def check(paths: Paths, network: networks.Network) -> dict[str, float]:
    """Compare an exported graph with the features it was trained on; return the largest differences."""
    films = dataset.read_films(paths.data)
    values, head = train.load(paths, network, films), train.read_head(paths, network)
    chosen = films.where("val")[:24]
    steps = recipe.VIEWS[network.view]
    stack = dataset.pixels(films, paths.data, steps, paths.cache)
    image = recipe.normalize(np.asarray(stack[chosen]), steps)
    session = graphs.session(paths.bundle / f"{network.name}.onnx")
    cam, embedding = session.run(["cam", "embedding"], {"image": image})
    weights = train.lung_weights(paths, network, films)[chosen]
    known = train.embedding(paths, network, films)[chosen]
    return {
        "logits_against_head_on_features": float(
            np.abs(pooling.logits(cam, weights) - head.logits(values[chosen])).max()
        ),
        "embedding_against_features": float(np.abs(embedding - known).max()),
    }


def export(paths: Paths) -> None:
    """Write graphs, gate, golden values and manifest."""
    settings = json.loads((paths.cache / "calibration.json").read_text())
    numbers = zip(networks.NETWORKS, settings["temperatures"], strict=True)
    entries = [_network_entry(paths, network, temperature) for network, temperature in numbers]
    differences = {network.name: check(paths, network) for network in networks.NETWORKS}
    worst = max(value for row in differences.values() for value in row.values())
    print(f"largest difference between exported graphs and training: {worst:.1e}", flush=True)
    if worst > 1e-3:
        raise ValueError(f"exported graphs differ: {differences}")
    (paths.metrics / "export.json").write_text(json.dumps(differences, indent=1) + "\n")
    shutil.copyfile(locator.file(paths), paths.bundle / "locator.onnx")
    gate_file = paths.bundle / "gate.json"
    gate_file.write_bytes((paths.cache / "gate.json").read_bytes())
    limits = json.loads((paths.cache / "limits.json").read_text())
    content = _manifest(paths, settings, entries, limits)
    golden.write(paths.bundle, paths.packages, content)
    content["golden"]["sha256"] = packages.sha256_of(paths.bundle / "golden.json")
    (paths.bundle / "bundle.toml").write_text(manifest.to_toml(content))
    reduced.write(paths)
    total = sum(file.stat().st_size for file in paths.bundle.iterdir())
    print(f"{paths.bundle.name}: {total / 1e6:.1f} MB", flush=True)
    if total > LARGEST_BUNDLE:
        raise ValueError("the bundle is too large")


def _manifest(paths: Paths, settings: dict, entries: list[dict], limits: dict) -> dict:
    return {
        "schema": 4,
        "id": paths.bundle.name,
        "created": datetime.date.today().isoformat(),
        "licence": "Apache-2.0",
        "labels": list(dataset.LABELS),
        "view": [{"name": name, "recipe": list(steps)} for name, steps in recipe.VIEWS.items()],
        "network": entries,
        "ensemble": {
            "minimum_votes": 4,
            "coverage": settings["coverage"],
            "conformal_threshold": settings["conformal_threshold"],
        },
        "caution": [{"label": "Viral Pneumonia", "minimum_age": 18, "message": CAUTION}],
        "gate": {
            "network": networks.NETWORKS[0].name,
            "file": "gate.json",
            "sha256": packages.sha256_of(paths.bundle / "gate.json"),
            **{name: limit for name, limit in limits.items() if name != "minimum_separation"},
        },
        "locator": {
            "file": "locator.onnx",
            "sha256": packages.sha256_of(paths.bundle / "locator.onnx"),
            "recipe": list(locator.STEPS),
            "outside": pooling.OUTSIDE,
            "minimum_separation": limits["minimum_separation"],
        },
        "thresholds": settings["thresholds"],
        "golden": {"file": "golden.json", "sha256": ""},
        "training": _training(paths, settings),
        "metrics": _metrics(paths),
    }


def _training(paths: Paths, settings: dict) -> dict:
    films = dataset.read_films(paths.data)
    counts = {split: int((films.split == split).sum()) for split in ("train", "val", "test")}
    return {
        "films_train": counts["train"],
        "films_val": counts["val"],
        "films_test": counts["test"],
        "films_calibration": settings["films"],
        "sources": sorted({str(s) for s in films.source}),
        "method": "frozen backbones, linear heads on several layers, another in each place of the view, cells weighed by lung, balanced by class and source, directions between sources of "
        "a class held down, labels softened, calibrated on val",
        "statement": "Decision support, not a diagnosis.",
    }


def _metrics(paths: Paths) -> dict:
    file = paths.metrics / "summary.json"
    return json.loads(file.read_text()) if file.exists() else {"state": "not yet evaluated"}
