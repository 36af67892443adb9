"""Answers, over standard input and output, what OpenCV, Pillow and NumPy make of an image.

A request is a line of JSON (`op`, `width`, `height`, `bits` and the operation's parameters) and the samples, little endian.
The answer is the resulting samples, or one float64 for a measurement. Ends when its input ends.
"""

import json
import sys

import cv2
import numpy as np
from PIL import Image


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


OPERATIONS = {"clahe": clahe, "resize": resize, "contrast": contrast, "sharpness": sharpness}


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
