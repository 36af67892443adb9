"""The bundle in the repository holds together, and the films that the figures rest on are split by patient."""

import json
import tomllib

import pytest
from thorax_training import dataset, packages
from thorax_training.manifest import to_toml
from thorax_training.paths import Paths

PATHS = Paths.default()
LARGEST_FILE = 50 * 1024 * 1024
LARGEST_BUNDLE = 100 * 1024 * 1024
BUNDLE = PATHS.bundle
needs_bundle = pytest.mark.skipif(not (BUNDLE / "bundle.toml").exists(), reason="no bundle in models/")
needs_films = pytest.mark.skipif(not (PATHS.data / "xrays").exists(), reason="../shared/data is not there")


def _manifest():
    return tomllib.loads((BUNDLE / "bundle.toml").read_text())


@needs_bundle
def test_hashes_and_sizes():
    content = _manifest()
    entries = [*content["network"], content["locator"], content["gate"], content["golden"]]
    for entry in entries:
        file = BUNDLE / entry["file"]
        assert packages.sha256_of(file) == entry["sha256"], entry["file"]
        assert file.stat().st_size <= LARGEST_FILE
    assert sum(file.stat().st_size for file in BUNDLE.iterdir()) <= LARGEST_BUNDLE


@needs_bundle
def test_the_gates_network_runs_first():
    content = _manifest()
    assert content["network"][0]["name"] == content["gate"]["network"]


@needs_bundle
def test_golden_values_are_consistent():
    golden = json.loads((BUNDLE / "golden.json").read_text())
    for film in golden["films"]:
        assert packages.sha256_of(BUNDLE / film["file"]) == film["sha256"]
        assert sum(film["probabilities"]) == pytest.approx(1.0, abs=1e-6)
        assert set(film["networks"]) == {network["name"] for network in _manifest()["network"]}


def test_toml_survives_a_round_trip():
    steps = [{"step": "one"}, {"step": "two", "x": 1}]
    content = {
        "labels": ["a", "b"],
        "view": [{"name": 'q"', "x": 1.0, "recipe": steps}],
        "t": {"v": 0.5, "u": {"w": 2}},
    }
    assert tomllib.loads(to_toml(content)) == content


@needs_films
def test_no_patient_is_in_two_splits():
    films = dataset.read_films(PATHS.data)
    assert len(films) == 4297
    seen = {}
    for patient, split in zip(films.patient, films.split, strict=True):
        assert seen.setdefault(patient, split) == split


def test_weights_balance_classes_and_sources():
    import numpy as np

    label = np.array([0] * 100 + [0] * 300 + [1] * 100)
    source = np.array(["a"] * 100 + ["b"] * 300 + ["a"] * 100)
    weights = dataset.sample_weights(label, source)
    assert weights[label == 0].sum() == pytest.approx(weights[label == 1].sum())
    assert weights[:100].sum() == pytest.approx(weights[100:400].sum())
