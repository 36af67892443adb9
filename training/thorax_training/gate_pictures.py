"""What the gate learns from: frontal films, the same films turned, inverted or cut, and pictures that are no film."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from thorax_training import augment, dataset, packages, recipe

CLASSES = ("frontal", "not_chest", "lateral", "upside_down", "inverted", "cropped")
LARGEST_PART = 0.45
SYNTHESISED = {"train": 180, "test": 80}
"""How many films of each split are turned, inverted and cut."""
SPOILED = ("rotated 180", "mirrored top to bottom", "sideways", "inverted", "cropped")
"""In which ways."""
TILTED = {f"tilted by {degrees}": degrees for degrees in (-15, -8, 8, 15)}
"""By how many degrees good films are tilted, by kind."""

SKIMAGE = (
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "chessboard_GRAY.png",
    "clock_motion.png",
    "coins.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "rocket.jpg",
)
DICOM = (
    "693_UNCR",
    "JPEG2000_UNC",
    "MR-SIEMENS-DICOM-WithOverlays",
    "MR2_UNCR",
    "US1_UNCR",
    "emri_small",
    "eCT_Supplemental",
    "OBXXXX1A",
)
"""Not RG1 (a chest) and not RG3 (an extremity): both are kept as checks."""


@dataclass(frozen=True)
class Picture:
    """One picture for the gate: 8-bit grey, its class, what it is, the file it comes from, the split it belongs to."""

    film: np.ndarray
    name: str
    kind: str
    group: str
    split: str


def part_of(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random part of a film that keeps less than LARGEST_PART of its area."""
    height, width = film.shape
    share = rng.uniform(0.12, LARGEST_PART)
    ratio = np.exp(rng.uniform(-0.6, 0.6))
    tall = int(np.clip(np.sqrt(share * ratio), share, 1.0) * height)
    wide = min(int(share * height * width / tall), width)
    top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    return film[top : top + tall, left : left + wide]


def spoiled(film: np.ndarray, rng: np.random.Generator) -> list[tuple[str, str, np.ndarray]]:
    """Return (class, kind, film) of every way in which a frontal film can be spoiled."""
    return [
        ("upside_down", "rotated 180", np.ascontiguousarray(film[::-1, ::-1])),
        ("upside_down", "mirrored top to bottom", np.ascontiguousarray(film[::-1])),
        ("upside_down", "sideways", np.ascontiguousarray(np.rot90(film, rng.choice((1, 3))))),
        ("inverted", "inverted", 255 - film),
        ("cropped", "cropped", part_of(film, rng)),
        ("cropped", "cropped", part_of(film, rng)),
    ]


def from_films(films: dataset.Films, data: Path, seed: int = 11) -> list[Picture]:
    """Spoil some films of each split."""
    rng = np.random.default_rng(seed)
    pictures = []
    for split, count in SYNTHESISED.items():
        for index in np.sort(rng.choice(films.where(split), count, replace=False)):
            film = recipe.depth8(recipe.read_film(data / "xrays" / films.file[index]))
            pictures += [
                Picture(changed, name, kind, str(films.file[index]), split)
                for name, kind, changed in spoiled(film, rng)
            ]
    return pictures


def tilted(films: dataset.Films, data: Path, seed: int = 14) -> list[Picture]:
    """Tilt some test films, as a patient may lie: they are to be read."""
    rng = np.random.default_rng(seed)
    pictures = []
    for index in np.sort(rng.choice(films.where("test"), SYNTHESISED["test"], replace=False)):
        film = recipe.depth8(recipe.read_film(data / "xrays" / films.file[index]))
        height, width = film.shape
        for kind, degrees in TILTED.items():
            matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
            turned = cv2.warpAffine(film, matrix, (width, height), flags=cv2.INTER_LINEAR)
            pictures.append(Picture(turned, "frontal", kind, str(films.file[index]), "test"))
    return pictures


def _class_of(kind: str) -> str:
    return {"cxr-lateral": "lateral", "cxr-upside-down": "upside_down"}.get(kind, "not_chest")


def not_chest(data: Path, copies: int = 3, seed: int = 12) -> list[Picture]:
    """Return the pictures of the not-chest set (split `check`) and varied copies for training (split `copy`)."""
    rng = np.random.default_rng(seed)
    pictures = []
    for row in dataset.read_not_chest(data):
        film = recipe.depth8(recipe.read_film(data / "not-chest" / row["file"]))
        kind, name = row["kind"], _class_of(row["kind"])
        pictures.append(Picture(film, name, kind, row["file"], "check"))
        if min(film.shape) >= 32:
            pictures += [Picture(augment.vary(film, rng), name, kind, row["file"], "copy") for _ in range(copies)]
    return pictures


def _dicom_pictures(folder: Path) -> list[tuple[str, np.ndarray]]:
    import pydicom

    path = packages.fetch(packages.PYDICOM_DATA, folder)
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in DICOM:
            content = pydicom.dcmread(io.BytesIO(archive.read(f"data_store/data/{name}.dcm")), force=True)
            frame = content.pixel_array
            while frame.ndim > 2 and frame.shape[-1] not in (3, 4):
                frame = frame[len(frame) // 2]
            grey = frame[..., :3].mean(axis=-1) if frame.ndim == 3 else frame.astype(np.float64)
            low, high = np.percentile(grey, (1, 99.5))
            found.append((name, np.clip((grey - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)))
    return found


def _package_pictures() -> list[tuple[str, np.ndarray]]:
    """Return photographs that come with scikit-image and scikit-learn and are not in the not-chest set."""
    folders = {
        Path(importlib.util.find_spec("skimage").origin).parent / "data": SKIMAGE,
        Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "images": ("flower.jpg",),
    }
    return [
        (name, recipe.depth8(recipe.read_film(folder / name))) for folder, names in folders.items() for name in names
    ]


def _procedural(rng: np.random.Generator) -> np.ndarray:
    """Return one made-up picture: a plain tone, noise, a gradient, blobs, stripes or discs."""
    side, kind = 256, rng.integers(6)
    y, x = np.mgrid[0:side, 0:side] / side
    if kind == 0:
        values = np.full((side, side), rng.random())
    elif kind == 1:
        values = rng.random((side, side))
    elif kind == 2:
        values = np.clip(x * rng.normal() + y * rng.normal() + rng.random(), 0, 1)
    elif kind == 3:
        values = cv2.resize(rng.random((rng.integers(3, 12),) * 2), (side, side), interpolation=cv2.INTER_CUBIC)
    elif kind == 4:
        values = 0.5 + 0.5 * np.sin(rng.uniform(5, 80) * (x * rng.normal() + y * rng.normal()))
    else:
        values = np.zeros((side, side))
        for _ in range(rng.integers(1, 8)):
            centre, radius = rng.random(2), rng.uniform(0.05, 0.5)
            values[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2] = rng.random()
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def extra(folder: Path, copies: int = 6, made_up: int = 60, seed: int = 13) -> list[Picture]:
    """Return further pictures that are no chest film, for training only."""
    rng = np.random.default_rng(seed)
    pictures = []
    for name, film in [*_dicom_pictures(folder), *_package_pictures()]:
        pictures += [Picture(augment.vary(film, rng), "not_chest", "extra", name, "train") for _ in range(copies)]
        pictures.append(Picture(film, "not_chest", "extra", name, "train"))
    pictures += [Picture(_procedural(rng), "not_chest", "made up", f"made up {i}", "train") for i in range(made_up)]
    return pictures
