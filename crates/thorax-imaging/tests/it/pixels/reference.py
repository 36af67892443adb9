"""Answers, over standard input and output, what OpenCV, Pillow and NumPy make of an image.

A request is a line of JSON (`op`, `width`, `height`, `bits` and the operation's parameters) and the samples, little endian.
The answer is the resulting samples, or one float64 for a measurement. Ends when its input ends.
"""

import io
import json
import struct
import sys

import cv2
import numpy as np
from PIL import Image, ImageFile

# Pillow guesses how much room a JPEG needs, too little for noise.
ImageFile.MAXBLOCK = 1 << 24


def clahe(image, case):
    return cv2.createCLAHE(case["clip_limit"], (case["tiles_x"], case["tiles_y"])).apply(image)


def resize(image, case):
    size = (case["to_width"], case["to_height"])
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    resized = Image.fromarray(image.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.rint(np.asarray(resized)).clip(0, 65535).astype(np.uint16)


def depth8(image):
    if image.dtype == np.uint8:
        return image
    return ((image.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def contrast(image, _case):
    return depth8(image).astype(np.float64).std()


def sharpness(image, _case):
    small = resize(depth8(image), {"to_width": 224, "to_height": 224})
    return cv2.Laplacian(small.astype(np.float64), cv2.CV_64F, ksize=1).var()


def jpeg(image, case):
    """A JPEG of the image, in colour if a sampling is given, with its length before it, and OpenCV's grey levels of it."""
    picture = Image.fromarray(image)
    options = {"quality": case["quality"], "progressive": case["progressive"], "optimize": case["optimize"]}
    if case["restart"]:
        options["restart_marker_blocks"] = case["restart"]
    if case["sampling"] is not None:
        picture = Image.fromarray(np.stack([image, image[::-1], 255 - image // 2], -1))
        options |= {"keep_rgb": True} if case["sampling"] == "RGB" else {"subsampling": case["sampling"]}
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
    levels = cv2.imdecode(np.frombuffer(stream.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    answer = struct.pack("<I", len(stream.getvalue())) + stream.getvalue() + levels.tobytes()
    return np.frombuffer(answer, np.uint8)


OPERATIONS = {"clahe": clahe, "resize": resize, "contrast": contrast, "sharpness": sharpness, "jpeg": jpeg}


def main():
    while line := sys.stdin.buffer.readline():
        case = json.loads(line)
        dtype = np.dtype("u1" if case["bits"] == 8 else "<u2")
        count = case["width"] * case["height"]
        samples = np.frombuffer(sys.stdin.buffer.read(count * dtype.itemsize), dtype)
        result = OPERATIONS[case["op"]](samples.reshape(case["height"], case["width"]), case)
        sys.stdout.buffer.write(np.asarray(result).tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
