"""Writes pixels.json: what OpenCV, Pillow and NumPy make of small synthetic images.

    python make.py

Needs opencv-python-headless, Pillow and NumPy; the versions used are written into the file.
"""

import base64
import json
import pathlib

import cv2
import numpy as np
import PIL
from PIL import Image

# What each tolerance allows: levels for images, relative difference for measures, absolute difference for tensors.
EXACT = 0
DOUBLE_PRECISION_ROUNDED = 1
MEASURE = 1e-9
TENSOR = 1e-6


def pattern(width, height, bits, seed):
    """Soft shading with noise and an edge, the same on every machine: integers only."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    shade = (x * x * 7 + y * y * 5 + x * y * 3 + seed * 977) // 40 % 50_000
    noise = (x * 7919 + y * 104_729 + seed * 31) ** 2 % 9973
    level = (shade + noise + np.where(x * 3 > width, 5000, 0)) % 65_536
    return (level >> 8).astype(np.uint8) if bits == 8 else level.astype(np.uint16)


def packed(array):
    array = np.ascontiguousarray(array)
    height, width = array.shape
    little = array.astype(array.dtype.newbyteorder("<"))
    return {
        "width": width,
        "height": height,
        "bits": array.dtype.itemsize * 8,
        "samples": base64.b64encode(little.tobytes()).decode(),
    }


def resize(image, width, height):
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    resized = Image.fromarray(image.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.rint(np.asarray(resized)).clip(0, 65_535).astype(np.uint16)


def depth8(image):
    return image if image.dtype == np.uint8 else ((image.astype(np.uint32) * 255 + 32_767) // 65_535).astype(np.uint8)


def crop_border(image, fraction):
    height, width = image.shape
    top, left = int(np.floor(height * fraction + 0.5)), int(np.floor(width * fraction + 0.5))
    return image[top : height - top, left : width - left]


def clahe(image, clip_limit, tiles_x, tiles_y):
    return cv2.createCLAHE(clip_limit, (tiles_x, tiles_y)).apply(np.ascontiguousarray(image))


def clahe_cases():
    sizes = [
        # width, height, bits, clip limit, tiles across, tiles down
        (64, 48, 8, 2.0, 8, 8),
        (61, 48, 8, 2.0, 8, 8),
        (61, 47, 8, 0.3, 3, 5),
        (33, 70, 8, 0.0, 4, 4),
        (33, 70, 8, -1.0, 5, 2),
        (5, 3, 8, 40.0, 9, 7),
        (1, 1, 8, 2.0, 8, 8),
        (50, 41, 16, 2.0, 8, 8),
        (48, 40, 16, 300.0, 4, 4),
        (48, 40, 16, 0.0, 1, 1),
        (40, 9, 16, 5.5, 17, 2),
    ]
    for seed, (width, height, bits, clip_limit, tiles_x, tiles_y) in enumerate(sizes):
        image = pattern(width, height, bits, seed)
        yield {
            "input": packed(image),
            "clip_limit": clip_limit,
            "tiles_x": tiles_x,
            "tiles_y": tiles_y,
            "output": packed(clahe(image, clip_limit, tiles_x, tiles_y)),
            "tolerance": EXACT,
        }


def resize_cases():
    sizes = [
        (64, 48, 8, 20, 15),
        (61, 47, 8, 60, 46),
        (20, 15, 8, 47, 61),
        (100, 3, 8, 7, 9),
        (1, 1, 8, 3, 2),
        (64, 48, 16, 20, 15),
        (20, 15, 16, 33, 7),
    ]
    for seed, (width, height, bits, to_width, to_height) in enumerate(sizes):
        image = pattern(width, height, bits, seed + 100)
        yield {
            "input": packed(image),
            "output": packed(resize(image, to_width, to_height)),
            "tolerance": EXACT if bits == 8 else DOUBLE_PRECISION_ROUNDED,
        }


def recipe_cases():
    for seed, (width, height, bits, with_clahe) in enumerate(
        [(130, 110, 8, True), (97, 121, 16, True), (70, 90, 16, False)]
    ):
        image = pattern(width, height, bits, seed + 200)
        steps = [
            {"step": "crop_border", "fraction": 0.06},
            {"step": "depth8"},
            {"step": "resize", "width": 56, "height": 48, "filter": "bilinear"},
            {"step": "clahe", "clip_limit": 2.0, "tiles_x": 8, "tiles_y": 8},
            {"step": "normalize", "mean": 0.482, "std": 0.231},
        ]
        seen = resize(depth8(crop_border(image, 0.06)), 56, 48)
        if with_clahe:
            seen = clahe(seen, 2.0, 8, 8)
        else:
            steps.pop(3)
        tensor = (seen.astype(np.float32) / np.float32(255) - np.float32(0.482)) / np.float32(0.231)
        yield {
            "input": packed(image),
            "steps": steps,
            "bytes": packed(seen),
            "tolerance": EXACT,
            "tensor_start": tensor.ravel()[:200].tolist(),
            "tensor_sum": float(tensor.sum(dtype=np.float64)),
            "tensor_tolerance": TENSOR,
        }


def quality_cases():
    for seed, (width, height, bits) in enumerate([(90, 70, 8), (60, 130, 16), (224, 224, 8), (2, 1, 8)]):
        image = pattern(width, height, bits, seed + 300)
        film = depth8(image)
        laplacian = cv2.Laplacian(resize(film, 224, 224).astype(np.float64), cv2.CV_64F, ksize=1)
        yield {
            "input": packed(image),
            "short_side": min(width, height),
            "aspect": max(width, height) / min(width, height),
            "contrast": float(film.astype(np.float64).std()),
            "sharpness": float(laplacian.var()),
            "tolerance": MEASURE,
        }


def main():
    golden = {
        "made_with": {"opencv": cv2.__version__, "pillow": PIL.__version__, "numpy": np.__version__},
        "clahe": list(clahe_cases()),
        "resize": list(resize_cases()),
        "recipe": list(recipe_cases()),
        "quality": list(quality_cases()),
    }
    path = pathlib.Path(__file__).with_name("pixels.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
