"""The six networks: order, names, licences, what each looks at and how it wants its input; `backbones.grey` builds them."""

from __future__ import annotations

from dataclasses import dataclass

from thorax_training import packages, pooling

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Network:
    """One network of the bundle."""

    name: str
    title: str
    package: packages.Package
    licence: str
    ancestry: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    view: str
    """Which of recipe.VIEWS it reads."""
    taps: tuple[str, ...]
    """Tensors of the exported graph whose grids the head reads beside the last one: earlier layers, closer to texture."""
    channels: tuple[int, ...]
    """Of the last grid and of each tap."""
    grid: int

    @property
    def embedding(self) -> int:
        """Return how many channels the grid has, the last one's and the taps'."""
        return sum(self.channels)

    @property
    def features(self) -> int:
        """Return how many values the head reads."""
        return pooling.WEIGHTINGS * self.embedding

    @property
    def pooled(self) -> int:
        """Return how many values are kept of a film: the embedding, then what the head reads."""
        return self.embedding + self.features

    @property
    def origin(self) -> str:
        """Return where the backbone comes from, for the manifest and the card."""
        return f"{self.package.spelled}; {self.ancestry}"


NETWORKS = (
    Network(
        "efficientnet-lite2",
        "EfficientNet-Lite2",
        packages.LITE2,
        "Apache-2.0",
        "ImageNet",
        HALF,
        HALF,
        "whole",
        ("/backbone/blocks/blocks.4/blocks.4.3/Add_output_0", "/backbone/blocks/blocks.5/blocks.5.4/Add_output_0"),
        (1280, 120, 208),
        7,
    ),
    Network(
        "dinov2-vits14",
        "DINOv2 ViT-S/14",
        packages.DINOV2,
        "Apache-2.0 (package: MIT)",
        "self-supervised on LVD-142M, carried as the backbone of a saliency network",
        IMAGENET_MEAN,
        IMAGENET_STD,
        "whole",
        ("/backbone/Add_17_output_0", "/backbone/Add_21_output_0"),
        (384, 384, 384),
        16,
    ),
    Network(
        "xception",
        "Xception",
        packages.XCEPTION,
        "MIT / Apache-2.0 upstream (package: none stated)",
        "ImageNet, Keras Applications, kept frozen inside a pneumonia classifier",
        HALF,
        HALF,
        "lungs",
        ("/backbone/block9/Add_output_0", "/backbone/block12/Add_output_0"),
        (2048, 728, 1024),
        7,
    ),
    Network(
        "efficientnet-lite0",
        "EfficientNet-Lite0",
        packages.LITE0,
        "Apache-2.0",
        "ImageNet",
        HALF,
        HALF,
        "lungs",
        ("/backbone/blocks/blocks.4/blocks.4.2/Add_output_0", "/backbone/blocks/blocks.5/blocks.5.3/Add_output_0"),
        (1280, 112, 192),
        7,
    ),
    Network(
        "mobilenetv2",
        "MobileNetV2",
        packages.MOBILENET_V2,
        "MIT (package; base: Apache-2.0)",
        "ImageNet, Keras Applications, its last three blocks then trained on dog breeds",
        HALF,
        HALF,
        "whole",
        ("/backbone/blocks/blocks.4/blocks.4.2/Add_output_0", "/backbone/blocks/blocks.5/blocks.5.2/Add_output_0"),
        (1280, 96, 160),
        7,
    ),
    Network(
        "efficientnet-lite1",
        "EfficientNet-Lite1",
        packages.LITE1,
        "Apache-2.0",
        "ImageNet",
        HALF,
        HALF,
        "lungs",
        ("/backbone/blocks/blocks.4/blocks.4.3/Add_output_0", "/backbone/blocks/blocks.5/blocks.5.4/Add_output_0"),
        (1280, 112, 192),
        7,
    ),
)
BY_NAME = {network.name: network for network in NETWORKS}
