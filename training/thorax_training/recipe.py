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
CROP_LUNGS = {"step": "crop_lungs", "margin": 0.06}
UNCUT = (DEPTH, RESIZE, NORMALIZE)
COVER_LETTERS = {"step": "cover_letters"}
LETTERS_COVERED = (CROP, DEPTH, COVER_LETTERS, RESIZE, NORMALIZE)
LUNGS_LETTERS_COVERED = (CROP_LUNGS, DEPTH, COVER_LETTERS, RESIZE, NORMALIZE)
LUNGS_EQUALIZED = (CROP_LUNGS, DEPTH, RESIZE, EQUALIZE, NORMALIZE)
VIEWS = {"whole": (CROP, DEPTH, RESIZE, NORMALIZE), "lungs": (CROP_LUNGS, DEPTH, RESIZE, NORMALIZE)}
"""What the bundle uses: each network reads one of these. `recipe_choice` measures them against others."""

STROKE = 0.045
LETTER = 0.12
"""Widest stroke and largest letter that `cover_letters` paints over, in parts of the film's shorter side."""
LETTER_CONTRAST = 70
"""Grey levels by which they are brighter than what is around them."""

STRAY = 0.01
LEAST = 0.04

Window = tuple[slice, slice]
"""Rows and columns that are cut out of a film."""


def border_window(size: tuple[int, int], fraction: float) -> Window:
    """Return what is left of `size` (height, width) without `fraction` of each side off all four borders, each cut rounded half up."""
    cuts = [int(side * fraction + 0.5) for side in size]
    return slice(cuts[0], size[0] - cuts[0]), slice(cuts[1], size[1] - cuts[1])


def lung_box(lungs: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return left, top, right, bottom of the lungs in parts of the film, or None where there is too little lung.

    A cell's evidence is `max(0, 2p - 1)`; edges lie where its running sum reaches 1 % and 99 %, linear inside a cell.
    """
    evidence = np.maximum(0.0, 2.0 * lungs.astype(np.float64) - 1.0)
    total = evidence.sum()
    if total < LEAST * evidence.size:
        return None
    (left, right), (top, bottom) = (_edges(evidence.sum(axis=axis), total) for axis in (0, 1))
    return left, top, right, bottom


def _edges(sums: np.ndarray, total: float) -> tuple[float, float]:
    reached = np.concatenate([[0.0], np.cumsum(sums)])

    def edge(wanted: float) -> float:
        index = int(np.flatnonzero((sums > 0) & (reached[1:] >= wanted))[0])
        return float((index + (wanted - reached[index]) / sums[index]) / len(sums))

    return edge(STRAY * total), edge((1.0 - STRAY) * total)


def lung_window(size: tuple[int, int], margin: float, lungs: np.ndarray) -> Window:
    """Return the box around the lungs, `margin` of its sides wider all round; a film without lungs stays whole."""
    box = lung_box(lungs)
    if box is None:
        return slice(0, size[0]), slice(0, size[1])
    left, top, right, bottom = box
    across, down = (right - left) * margin, (bottom - top) * margin
    height, width = size
    columns = [int(part * width + 0.5) for part in (max(left - across, 0.0), min(right + across, 1.0))]
    rows = [int(part * height + 0.5) for part in (max(top - down, 0.0), min(bottom + down, 1.0))]
    return slice(*rows), slice(*columns)


WINDOWS = {"crop_border": border_window, "crop_lungs": lung_window}


def _window(step: dict, size: tuple[int, int], lungs: np.ndarray | None) -> Window:
    options = {key: value for key, value in step.items() if key != "step"}
    if step["step"] == "crop_lungs":
        options["lungs"] = lungs
    return WINDOWS[step["step"]](size, **options)


def shown(
    size: tuple[int, int], steps: tuple[dict, ...], lungs: np.ndarray | None = None
) -> tuple[float, float, float, float]:
    """Return left, top, width and height, in parts of a film of `size` (height, width), of what a recipe shows of it."""
    left, top, (height, width) = 0, 0, size
    for step in steps:
        if step["step"] in WINDOWS:
            rows, columns = _window(step, (height, width), lungs)
            left, top = left + columns.start, top + rows.start
            height, width = rows.stop - rows.start, columns.stop - columns.start
    return left / size[1], top / size[0], width / size[1], height / size[0]


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


def cover_letters(film: np.ndarray) -> np.ndarray:
    """Paint over what is small, thin and nearly white: letters, arrows, clips. The program has no such step."""
    side = min(film.shape)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(3, int(side * STROKE) | 1),) * 2)
    thin = cv2.morphologyEx(np.ascontiguousarray(film), cv2.MORPH_TOPHAT, disc) > LETTER_CONTRAST
    mark = (thin & (film > np.quantile(film, 0.9))).astype(np.uint8)
    count, part, box, _ = cv2.connectedComponentsWithStats(cv2.dilate(mark, np.ones((3, 3), np.uint8)))
    small = [number for number in range(1, count) if max(box[number, 2:4]) < side * LETTER]
    mask = cv2.dilate(np.isin(part, small).astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.inpaint(np.ascontiguousarray(film), mask, 3, cv2.INPAINT_TELEA)


ACTIONS = {"depth8": depth8, "resize": resize, "clahe": clahe, "equalize": equalize, "cover_letters": cover_letters}


def to_pixels(film: np.ndarray, steps: tuple[dict, ...], lungs: np.ndarray | None = None) -> np.ndarray:
    """Run all steps before `normalize` and return the 8-bit picture that the networks see.

    `lungs` holds the locator's probabilities over the whole film, for recipes that crop to the lungs.
    """
    for step in steps:
        if step["step"] == "normalize":
            break
        if step["step"] in WINDOWS:
            film = film[_window(step, film.shape, lungs)]
        else:
            options = {key: value for key, value in step.items() if key not in ("step", "filter")}
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
