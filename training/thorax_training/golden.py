"""Golden values: two films that may be redistributed, and what the exported graphs say to them in onnxruntime."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from thorax_training import calibration, graphs, heads, lungs, packages, recipe

FOLDER = "pneumonia_model_package/datasets/pneumonia-data/val"
FILMS = {"golden-1.png": "NORMAL2-IM-1427-0001.jpeg", "golden-2.png": "person1946_bacteria_4874.jpeg"}
ATTRIBUTION = (
    "Kermany D, Zhang K, Goldbaum M. Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for "
    "Classification. Mendeley Data, doi:10.17632/rscbjbr9sj; file {file}, as it comes with {package}; converted to "
    "8-bit grey PNG; licence CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
)
TOLERANCE = {"pixels": 1, "logits": 0.02, "probability": 0.005}


def write_films(bundle: Path, folder: Path) -> None:
    """Write the golden films as 8-bit grey PNG."""
    for name, source in FILMS.items():
        content = packages.read_member(packages.XCEPTION, folder, f"{FOLDER}/{source}")
        with Image.open(io.BytesIO(content)) as image:
            image.convert("L").save(bundle / name, optimize=True)


def _one(bundle: Path, name: str, manifest: dict) -> dict:
    film = recipe.read_film(bundle / name)
    found = lungs.open_locator(bundle, manifest)(film)
    views = {view["name"]: tuple(view["recipe"]) for view in manifest["view"]}
    pixels = {name: recipe.to_pixels(film, steps, found.lungs) for name, steps in views.items()}
    values, calibrated = {}, []
    for network in manifest["network"]:
        image = recipe.normalize(pixels[network["view"]], views[network["view"]])
        session = graphs.session(bundle / network["file"])
        cam, embedding = session.run(["cam", "embedding"], {"image": image})
        logits = lungs.logits(cam, [found], views[network["view"]], manifest)
        values[network["name"]] = {
            "logits": [float(v) for v in logits[0]],
            "cam_mean": [float(v) for v in cam[0].mean(axis=(1, 2))],
            "embedding_norm": float(np.linalg.norm(embedding[0])),
        }
        calibrated.append(heads.softmax(logits.astype(np.float64) / network["temperature"]))
    mixed = calibration.pool(np.stack(calibrated))
    return {
        "file": name,
        "sha256": packages.sha256_of(bundle / name),
        "attribution": ATTRIBUTION.format(file=FILMS[name], package=packages.XCEPTION.spelled),
        "pixels": {name: base64.b64encode(picture.tobytes()).decode() for name, picture in pixels.items()},
        "networks": values,
        "probabilities": [float(v) for v in mixed[0]],
    }


def write(bundle: Path, folder: Path, manifest: dict) -> None:
    """Write the films and golden.json for the graphs that lie in the bundle."""
    write_films(bundle, folder)
    content = {"tolerance": TOLERANCE, "films": [_one(bundle, name, manifest) for name in FILMS]}
    (bundle / "golden.json").write_text(json.dumps(content, indent=1) + "\n")
