"""The recipe of a bundle in Python: what turns a decoded film into the networks' input. docs/bundle.md is the contract."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIDE = 224
CROP = {"step": "crop_border", "fraction": 0.06}
DEPTH = {"step": "depth8"}
RESIZE = {"step": "resize", "width": SIDE, "height": SIDE, "filter": "bilinear"}
CLAHE = {"step": "clahe", "clip_limit": 2.0, "tiles_x": 8, "tiles_y": 8}
EQUALIZE = {"step": "equalize"}
NORMALIZE = {"step": "normalize", "mean": 0.0, "std": 1.0}
WITH_CLAHE = (CROP, DEPTH, RESIZE, CLAHE, NORMALIZE)
EQUALIZED = (CROP, DEPTH, RESIZE, EQUALIZE, NORMALIZE)
STEPS = (CROP, DEPTH, RESIZE, NORMALIZE)
"""What the bundle uses; `recipe_choice` measures it against the others."""


def crop_border(film: np.ndarray, fraction: float) -> np.ndarray:
    """Cut `fraction` of each side off all four borders, each cut rounded half up."""
    height, width = film.shape
    rows, columns = int(height * fraction + 0.5), int(width * fraction + 0.5)
    return film[rows : height - rows, columns : width - columns]


def depth8(film: np.ndarray) -> np.ndarray:
    """Bring a 16-bit film to 8 bits in integer arithmetic; an 8-bit film passes unchanged."""
    if film.dtype == np.uint8:
        return film
    return ((film.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def resize(film: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize 8-bit grey with Pillow's antialiased triangle filter; the ratio of the sides is not kept."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(film)).resize((width, height), Image.Resampling.BILINEAR))


def clahe(film: np.ndarray, clip_limit: float, tiles_x: int, tiles_y: int) -> np.ndarray:
    """Equalise with OpenCV's CLAHE."""
    return cv2.createCLAHE(clipLimit=clip_limit, tileGridSize=(tiles_x, tiles_y)).apply(np.ascontiguousarray(film))


def equalize(film: np.ndarray) -> np.ndarray:
    """Make all grey levels equally frequent, as OpenCV does: whatever tone curve a device applied is undone. The program has no such step."""
    return cv2.equalizeHist(np.ascontiguousarray(film))


ACTIONS = {"crop_border": crop_border, "depth8": depth8, "resize": resize, "clahe": clahe, "equalize": equalize}


def to_pixels(film: np.ndarray, steps: tuple[dict, ...]) -> np.ndarray:
    """Run all steps before `normalize` and return the 8-bit picture that the networks see."""
    for step in steps:
        options = {key: value for key, value in step.items() if key not in ("step", "filter")}
        if step["step"] == "normalize":
            break
        film = ACTIONS[step["step"]](film, **options)
    return film


def normalize(pixels: np.ndarray, steps: tuple[dict, ...]) -> np.ndarray:
    """Return the networks' input for `[N, H, W]` or `[H, W]` pixels: float32 `[N, 1, H, W]`."""
    step = next(step for step in steps if step["step"] == "normalize")
    values = (pixels.astype(np.float32) / np.float32(255.0) - np.float32(step["mean"])) / np.float32(step["std"])
    return values.reshape(-1, 1, *values.shape[-2:])


def read_film(path: Path) -> np.ndarray:
    """Decode a film as grey: 16 bits stay 16 bits, everything else becomes 8 bits."""
    with Image.open(path) as image:
        if image.mode in ("I;16", "I;16B", "I"):
            return np.asarray(image).astype(np.uint16)
        return np.asarray(image.convert("L"))
