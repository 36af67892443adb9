"""Opens ONNX Runtime's libraries and what they need one by one, and prints what the loader says of each."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

# Some are opened by name only when they are used, so that `ldd` does not tell.
NEEDED = (
    "libcuda.so.1",
    "libnvidia-ml.so.1",
    "libcudart.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcurand.so.10",
    "libcufft.so.12",
    "libnvrtc.so.13",
    "libcudnn.so.9",
)


def main() -> None:
    library = Path(sys.argv[1])
    ours = [library, *(library.with_name(f"libonnxruntime_providers_{name}.so") for name in ("shared", "cuda"))]
    for name in (*NEEDED, *map(str, ours)):
        try:
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
            print(f"{name}: opens")
        except OSError as error:
            print(f"{name}: {error}")


if __name__ == "__main__":
    main()
