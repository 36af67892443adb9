"""A backbone with the head that reads its last grid and earlier layers, and its weights as they are stored."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from thorax_training import heads, quantise
from thorax_training.networks import Network

# Which module's output, or with `<` input, is the tensor that networks.Network.taps names in the exported graph.
_TAPS = {
    "efficientnet-lite2": ("network.blocks.4", "network.blocks.5"),
    "efficientnet-lite1": ("network.blocks.4", "network.blocks.5"),
    "efficientnet-lite0": ("network.blocks.4", "network.blocks.5"),
    "dinov2-vits14": ("<network.blocks.8.norm1", "<network.blocks.10.norm1"),
    "xception": ("network.block9", "network.block12"),
    "mobilenetv2": ("network.blocks.4", "network.blocks.5"),
}


class Tapped(nn.Module):
    """`[N, 1, S, S]` films in 0..1 -> `[N, E]` features: the means of the last grid and of the tapped layers."""

    def __init__(self, network: Network, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._taps = _TAPS[network.name]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the features, float32."""
        # Hooked for this pass only: hooks that stay would write into the module that this one was copied from.
        seen: list[torch.Tensor] = []
        hooks = [self._hook(name, seen) for name in self._taps]
        last = self.module(image)
        for hook in hooks:
            hook.remove()
        # A transformer's tokens: the first is the class token, which no cell of the grid has.
        means = [one.float().mean((2, 3)) if one.ndim == 4 else one[:, 1:].float().mean(1) for one in seen]
        return torch.cat([last.float().mean((2, 3)), *means], 1)

    def _hook(self, name: str, seen: list[torch.Tensor]) -> torch.utils.hooks.RemovableHandle:
        layer = self.module.backbone.get_submodule(name.removeprefix("<"))
        if name.startswith("<"):
            return layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        return layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output))


class Layer(nn.Module):
    """A head as a layer, on features brought to mean 0 and deviation 1, so that one rate of learning fits all networks."""

    def __init__(self, head: heads.Head, features: np.ndarray) -> None:
        super().__init__()
        mean, deviation = features.mean(0), features.std(0) + 1e-6
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("deviation", torch.from_numpy(deviation))
        self.linear = nn.Linear(head.weights.shape[1], head.weights.shape[0])
        self.linear.weight.data = torch.from_numpy(head.weights * deviation)
        self.linear.bias.data = torch.from_numpy(head.bias + head.weights @ mean)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logits of `[N, E]` features."""
        return self.linear((features - self.mean) / self.deviation)


def as_stored(module: nn.Module) -> nn.Module:
    """Return the module with the weights that int8 storage keeps; folding batch norms later changes nothing about it."""
    stored = copy.deepcopy(module)
    for layer in stored.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.weight.numel() >= quantise.SMALLEST:
            weight = layer.weight.detach()
            coded, scale = quantise.quantise_tensor(weight.numpy(), 0)
            weight.copy_(torch.from_numpy(coded * scale.reshape(-1, *[1] * (weight.ndim - 1))))
    return stored
