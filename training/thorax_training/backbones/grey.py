"""Backbones rebuilt from their packages, each with its own normalisation of a grey film in front."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from thorax_training.backbones import dinov2, efficientnet_lite, mobilenet_v2, xception
from thorax_training.networks import Network


def builders(folder: Path) -> dict[str, Callable[[], tuple[nn.Module, str]]]:
    """Return, by network name, the function that rebuilds the backbone from its package."""
    return {
        "dinov2-vits14": lambda: dinov2.build(folder),
        "xception": lambda: xception.build(folder),
        "efficientnet-lite2": lambda: efficientnet_lite.build("tf_efficientnet_lite2", folder),
        "efficientnet-lite1": lambda: efficientnet_lite.build("tf_efficientnet_lite1", folder),
        "efficientnet-lite0": lambda: efficientnet_lite.build("tf_efficientnet_lite0", folder),
        "mobilenetv2": lambda: mobilenet_v2.build(folder),
    }


class FromGrey(nn.Module):
    """A backbone that takes one grey channel in 0..1 and does its own channel copies, mean and deviation."""

    def __init__(self, network: Network, backbone: nn.Module) -> None:
        super().__init__()
        scale = torch.tensor([1.0 / value for value in network.std])
        shift = torch.tensor([-m / s for m, s in zip(network.mean, network.std, strict=True)])
        self.register_buffer("scale", scale.reshape(1, 3, 1, 1))
        self.register_buffer("shift", shift.reshape(1, 3, 1, 1))
        self.backbone = backbone

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the last feature grid of `[N, 1, 224, 224]` films."""
        return self.backbone(image * self.scale + self.shift)


def build(network: Network, folder: Path) -> tuple[FromGrey, str]:
    """Rebuild one backbone, with its own normalisation in front."""
    backbone, matched = builders(folder)[network.name]()
    return FromGrey(network, backbone).eval(), matched
