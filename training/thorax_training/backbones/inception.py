"""Inception-V3 as nsfwjs ships it: Keras weights, one byte each, in base64 inside JavaScript files."""

from __future__ import annotations

import base64
import json
import math
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import timm
import torch
from torch import nn
from torch.nn import functional

from thorax_training import packages
from thorax_training.backbones.efficientnet_lite import FeatureGrid

FOLDER = "package/dist/models/inception_v3"
SHARDS = 6
PAIRS = 94
KERAS_EPSILON = 1e-3


def _manifest(text: str) -> list[dict]:
    """Read the weight list out of the minified JavaScript object."""
    start = text.index("weightsManifest:") + len("weightsManifest:")
    literal = text[start : text.index("},{}]},{},[1])", start)]
    literal = re.sub(r"([{,])(\w+):", r'\1"\2":', literal)
    literal = re.sub(r"(?<![\d\w])(-?)\.(\d)", r"\g<1>0.\2", literal)
    return json.JSONDecoder().raw_decode(literal)[0][0]["weights"]


def _bytes(folder: Path) -> bytes:
    """Join the shards."""
    parts = []
    for number in range(1, SHARDS + 1):
        text = packages.read_member(packages.INCEPTION, folder, f"{FOLDER}/group1-shard{number}of{SHARDS}.min.js")
        match = re.search(rb'exports="([A-Za-z0-9+/=]+)"', text)
        if match is None:
            raise ValueError(f"no base64 in shard {number}")
        parts.append(base64.b64decode(match.group(1)))
    return b"".join(parts)


def _dequantised(folder: Path) -> dict[str, np.ndarray]:
    """Return the Keras tensors by name, as float32."""
    text = packages.read_member(packages.INCEPTION, folder, f"{FOLDER}/model.min.js").decode()
    content, offset, tensors = _bytes(folder), 0, {}
    for entry in _manifest(text):
        size = math.prod(entry["shape"])
        coded = np.frombuffer(content, np.uint8, size, offset).astype(np.float32)
        quantization = entry["quantization"]
        tensors[entry["name"]] = (coded * quantization["scale"] + quantization["min"]).reshape(entry["shape"])
        offset += size
    if offset != len(content):
        raise ValueError(f"{len(content) - offset} bytes left over")
    return tensors


class _KerasPooling(ModuleType):
    """torch.nn.functional, but average pools leave the padding out of the mean, as Keras does."""

    def __getattr__(self, name: str):
        return getattr(functional, name)

    @staticmethod
    def avg_pool2d(grid: torch.Tensor, **options) -> torch.Tensor:
        """Average pool without counting the padding."""
        return functional.avg_pool2d(grid, count_include_pad=False, **options)


def build(folder: Path) -> tuple[nn.Module, str]:
    """Return the backbone and a line that says what was matched."""
    tensors = _dequantised(folder)
    # timm's blocks call `F.avg_pool2d` by name; this is the one place to change what it counts.
    timm.models.inception_v3.F = _KerasPooling("keras_pooling")
    network = timm.create_model("inception_v3", pretrained=False, aux_logits=False)
    pairs = [module for module in network.modules() if hasattr(module, "conv") and hasattr(module, "bn")]
    if len(pairs) != PAIRS:
        raise ValueError(f"{len(pairs)} convolutions in the module, {PAIRS} in the package")
    for number, pair in enumerate(pairs, start=1):
        kernel = torch.from_numpy(np.ascontiguousarray(tensors[f"conv2d_{number}/kernel"].transpose(3, 2, 0, 1)))
        if kernel.shape != pair.conv.weight.shape:
            raise ValueError(f"conv2d_{number}: {tuple(kernel.shape)} does not fit {tuple(pair.conv.weight.shape)}")
        pair.conv.weight.data = kernel
        norm = f"batch_normalization_{number}"
        pair.bn.weight.data = torch.ones_like(pair.bn.weight)
        pair.bn.bias.data = torch.from_numpy(tensors[f"{norm}/beta"])
        pair.bn.running_mean.data = torch.from_numpy(tensors[f"{norm}/moving_mean"])
        pair.bn.running_var.data = torch.from_numpy(tensors[f"{norm}/moving_variance"])
        pair.bn.eps = KERAS_EPSILON
    return FeatureGrid(
        network
    ).eval(), f"{PAIRS}/{PAIRS} convolutions with their batch norms matched by order and shape"
