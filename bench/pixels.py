"""Times Thorax beside OpenCV on the same images, turn by turn in one run, and prints medians and their ratio.

    python bench/pixels.py [runs]

Needs opencv-python-headless, Pillow and NumPy. Builds the Rust side, `crates/thorax-imaging/examples/pixel_times.rs`.
Images are synthetic: soft shading with noise, as JPEG at quality 92.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
from PIL import Image

HOUSE = pathlib.Path(__file__).resolve().parent.parent
RECIPE = [
    {"step": "crop_border", "fraction": 0.06},
    {"step": "depth8"},
    {"step": "resize", "width": 224, "height": 224, "filter": "bilinear"},
    {"step": "clahe", "clip_limit": 2.0, "tiles_x": 8, "tiles_y": 8},
    {"step": "normalize", "mean": 0.0, "std": 1.0},
]


class Thorax:
    """The Rust side, running."""

    def __init__(self):
        build = [
            "cargo",
            "build",
            "--quiet",
            "--release",
            "--locked",
            "-p",
            "thorax-imaging",
            "--example",
            "pixel_times",
        ]
        subprocess.run(build, cwd=HOUSE, check=True)
        metadata = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]
        target = json.loads(subprocess.run(metadata, cwd=HOUSE, check=True, capture_output=True).stdout)[
            "target_directory"
        ]
        program = pathlib.Path(target) / "release" / "examples" / "pixel_times"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def task(self, **task):
        self.process.stdin.write(json.dumps(task) + "\n")

    def go(self):
        """Milliseconds of one run, by the program's own clock."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) / 1e6


def film(width, height, bits):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:height, 0:width]
    shade = 110 + 60 * np.sin(x / width * 9) * np.cos(y / height * 7) + 25 * np.sin((x + y) / 40)
    level = np.clip(shade + rng.normal(0, 6, shade.shape), 0, 255)
    return level.astype(np.uint8) if bits == 8 else (level * 257).astype(np.uint16)


def clahe(image):
    return cv2.createCLAHE(2.0, (8, 8)).apply(image)


def prepare(data, shrink):
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    height, width = image.shape
    top, left = int(height * 0.06 + 0.5), int(width * 0.06 + 0.5)
    small = clahe(shrink(np.ascontiguousarray(image[top : height - top, left : width - left])))
    return small.astype(np.float32) / np.float32(255)


def with_pillow(image):
    return np.asarray(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR))


def with_opencv(image):
    return cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA)


def milliseconds(work):
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e6


def rows(folder):
    """Name, the task for Thorax, and the same in Python."""
    for width, height in [(1024, 1024), (2500, 2048)]:
        for bits in (8, 16):
            image = film(width, height, bits)
            file = folder / f"{width}x{height}-{bits}.raw"
            image.tofile(file)
            task = {"clahe": {"file": str(file), "width": width, "height": height, "bits": bits}}
            yield f"CLAHE {width}x{height}, {bits} bits", task, lambda image=image: clahe(image)
        data = cv2.imencode(".jpg", film(width, height, 8), [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
        file = folder / f"{width}x{height}.jpg"
        file.write_bytes(data.tobytes())
        task = {"film": {"file": str(file), "recipe": RECIPE}}
        name = f"JPEG {width}x{height} to tensor"
        yield f"{name}, Pillow's resize", task, lambda data=data: prepare(data, with_pillow)
        yield f"{name}, OpenCV's resize", task, lambda data=data: prepare(data, with_opencv)


def main():
    runs = max(15, int(sys.argv[1]) if len(sys.argv) > 1 else 25)
    thorax = Thorax()
    print(f"OpenCV {cv2.__version__}, Pillow {Image.__version__}; medians of {runs} alternating runs, in milliseconds")
    print(f"{'':50} threads   OpenCV   Thorax   ratio")
    with tempfile.TemporaryDirectory() as folder:
        for name, task, theirs in rows(pathlib.Path(folder)):
            for threads in (1, 2):
                cv2.setNumThreads(threads)
                thorax.task(threads=threads, **task)
                times = [(milliseconds(theirs), thorax.go()) for _ in range(runs + 3)][3:]
                python, rust = (statistics.median(column) for column in zip(*times, strict=True))
                print(f"{name:50} {threads:7} {python:8.2f} {rust:8.2f} {rust / python:7.2f}", flush=True)


if __name__ == "__main__":
    main()
