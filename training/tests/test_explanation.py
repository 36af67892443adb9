"""Do the maps explain? They must be exact, and they must hang on the trained head: with a random one they must go."""

from __future__ import annotations

import base64
import json
import tomllib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from thorax_training import lungs, recipe

BUNDLE = next((Path(__file__).resolve().parents[2] / "models").glob("*/bundle.toml")).parent
MANIFEST = tomllib.loads((BUNDLE / "bundle.toml").read_text())
VIEWS = {network["name"]: network["view"] for network in MANIFEST["network"]}
SEEDS = range(4)


def films(view: str) -> np.ndarray:
    """The golden films as a view's recipe prepares them, N x 1 x 224 x 224 in 0..1."""
    golden = json.loads((BUNDLE / "golden.json").read_text())
    pixels = [np.frombuffer(base64.b64decode(film["pixels"][view]), np.uint8) for film in golden["films"]]
    return (np.stack(pixels).reshape(-1, 1, 224, 224) / 255).astype(np.float32)


def logits_of(cam: np.ndarray, view: str) -> np.ndarray:
    """What maps of the golden films come to."""
    (steps,) = [tuple(one["recipe"]) for one in MANIFEST["view"] if one["name"] == view]
    golden, locate = json.loads((BUNDLE / "golden.json").read_text())["films"], lungs.open_locator(BUNDLE, MANIFEST)
    return lungs.logits(cam, [locate(recipe.read_film(BUNDLE / film["file"])) for film in golden], steps, MANIFEST)


def run(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["cam"], {"image": images})[0]


def evidence(cam: np.ndarray, label: int) -> np.ndarray:
    """What a class has above the mean of all, positive part: the map that the program shows."""
    return np.maximum(cam[label] - cam.mean(axis=0), 0).ravel()


def with_random_head(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """The same graph, its head's weights drawn anew with the same spread."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    (head,) = [one for one in changed.graph.initializer if one.name == "head_weights"]
    weights = numpy_helper.to_array(head)
    drawn = np.random.default_rng(seed).normal(0, weights.std(), weights.shape).astype(np.float32)
    head.CopyFrom(numpy_helper.from_array(drawn, "head_weights"))
    return changed


@pytest.mark.parametrize("name", VIEWS)
def test_the_map_is_exact_and_a_random_head_destroys_it(name: str) -> None:
    model = onnx.load(BUNDLE / f"{name}.onnx")
    images = films(VIEWS[name])
    cam = run(model, images)
    logits = logits_of(cam, VIEWS[name])
    golden = [film["networks"][name]["logits"] for film in json.loads((BUNDLE / "golden.json").read_text())["films"]]
    assert np.allclose(logits, golden, atol=1e-3)
    alike = []
    for seed in SEEDS:
        random_cam = run(with_random_head(model, seed), images)
        for index in range(len(images)):
            label = int(logits[index].argmax())
            trained, random = evidence(cam[index], label), evidence(random_cam[index], label)
            if random.std() > 0 and trained.std() > 0:
                alike.append(np.corrcoef(trained, random)[0, 1])
    print(f"{name}: mean correlation with the maps of random heads {np.mean(alike):.2f}")
    assert np.mean(alike) < 0.5, alike
