"""Xception as Keras Applications trained it (ImageNet), kept frozen inside a pneumonia classifier's `.keras` file."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import timm
import torch
from torch import nn

from thorax_training import packages
from thorax_training.backbones.efficientnet_lite import FeatureGrid

MEMBER = "pneumonia_model_package/trained_models/pneumonia_xception_model_val-acc_0.861.keras"
KERAS_EPSILON = 1e-3
FOLDERS = {"Conv2D": "conv2d", "SeparableConv2D": "separable_conv2d", "BatchNormalization": "batch_normalization"}


def _layers(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return (class, name) of the backbone's layers in Keras' order."""
    config = json.loads(archive.read("config.json"))
    backbone = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Functional")
    return [(layer["class_name"], layer["config"]["name"]) for layer in backbone["config"]["layers"]]


def _tensors(archive: zipfile.ZipFile) -> list[tuple[str, str, list[np.ndarray]]]:
    """Return (class, name, tensors) of each layer with weights; the HDF5 file numbers layers by class and order."""
    weights = h5py.File(io.BytesIO(archive.read("model.weights.h5")))["layers/functional/layers"]
    seen: Counter[str] = Counter()
    found = []
    for kind, name in _layers(archive):
        if kind not in FOLDERS:
            continue
        folder = FOLDERS[kind] + (f"_{seen[kind]}" if seen[kind] else "")
        seen[kind] += 1
        variables = weights[folder]["vars"]
        found.append((kind, name, [np.array(variables[str(i)]) for i in range(len(variables))]))
    return found


def _separable(block: nn.Module) -> list[nn.Module]:
    return [module for module in block.rep if hasattr(module, "pointwise")]


def _norms(block: nn.Module) -> list[nn.Module]:
    return [module for module in block.rep if isinstance(module, nn.BatchNorm2d)]


def _target(network: nn.Module, name: str, shortcut: int) -> nn.Module:
    """Return timm's module for a Keras layer; unnamed Keras layers are the shortcut of block `shortcut`."""
    if match := re.fullmatch(r"block(\d+)_sepconv(\d)(_bn)?", name):
        block, index, norm = int(match[1]), int(match[2]), bool(match[3])
        if block == 14:
            return getattr(network, f"{'bn' if norm else 'conv'}{index + 2}")
        inner = getattr(network, f"block{block - 1}")
        return (_norms if norm else _separable)(inner)[index - 1]
    if match := re.fullmatch(r"block1_conv(\d)(_bn)?", name):
        return getattr(network, f"{'bn' if match[2] else 'conv'}{match[1]}")
    inner = getattr(network, f"block{shortcut - 1}")
    return inner.skipbn if name.startswith("batch_normalization") else inner.skip


def _load(module: nn.Module, kind: str, tensors: list[np.ndarray]) -> int:
    """Copy one Keras layer into a module and return how many tensors were copied."""
    if kind == "BatchNormalization":
        for name, value in zip(("weight", "bias", "running_mean", "running_var"), tensors, strict=True):
            getattr(module, name).data.copy_(torch.from_numpy(value))
        module.eps = KERAS_EPSILON
    elif kind == "SeparableConv2D":
        module.conv1.weight.data.copy_(torch.from_numpy(tensors[0].transpose(2, 3, 0, 1)))
        module.pointwise.weight.data.copy_(torch.from_numpy(tensors[1].transpose(3, 2, 0, 1)))
    else:
        module.weight.data.copy_(torch.from_numpy(tensors[0].transpose(3, 2, 0, 1)))
    return len(tensors)


def _pool_like_keras(network: nn.Module) -> None:
    """At 224 pixels the last two pools see even grids, where Keras pads below and to the right only."""
    for block in (network.block3, network.block12):
        for index, module in enumerate(block.rep):
            if isinstance(module, nn.MaxPool2d):
                block.rep[index] = nn.MaxPool2d(3, 2, padding=0, ceil_mode=True)


def build(folder: Path) -> tuple[nn.Module, str]:
    """Return the backbone and a line that says what was matched."""
    network = timm.create_model("legacy_xception", pretrained=False, num_classes=0)
    copied, shortcut = 0, 1
    with zipfile.ZipFile(packages.open_member(packages.XCEPTION, folder, MEMBER)) as archive:
        for kind, name, tensors in _tensors(archive):
            if match := re.match(r"block(\d+)_", name):
                shortcut = int(match[1])
            copied += _load(_target(network, name, shortcut), kind, tensors)
    wanted = sum(not key.endswith("num_batches_tracked") for key in network.state_dict())
    if copied != wanted:
        raise ValueError(f"{copied} tensors in the package, {wanted} in the module")
    _pool_like_keras(network)
    return FeatureGrid(network).eval(), f"{copied}/{wanted} tensors matched by Keras layer"
