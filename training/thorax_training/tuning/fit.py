"""One fit: all layers of a backbone and its head, on chosen films."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from thorax_training import dataset
from thorax_training.dataset import Films
from thorax_training.tuning import mixing, network, variation

BATCH = 64
RATE = 3e-3
"""Of learning, at its highest, as a part of the root mean square of a tensor: layers differ a thousandfold in size."""
RATES = {"dinov2-vits14": 1e-3}
SMALLEST = 1e-3
DECAY = 0.05
SMOOTHING = 0.05
WARM = 0.1
AVERAGE = 0.99
"""Weights are averaged over about the last hundred steps."""
SEED = 19


@dataclass(frozen=True)
class Plan:
    """How a network is tuned."""

    steps: int
    mixing: mixing.Mixing


class Draw:
    """Batches of films, labels and, in a label, sources drawn alike; varied and mixed on the device."""

    def __init__(self, films: Films, pictures: torch.Tensor, chosen: np.ndarray, plan: Plan) -> None:
        self.films, self.pictures, self.chosen, self.mixing = films, pictures, chosen, plan.mixing
        self.rng = np.random.default_rng(SEED)
        share = dataset.sample_weights(films.label[chosen], films.source[chosen])
        self.share = share / share.sum()
        _, self.source = np.unique(films.source, return_inverse=True)

    def _take(self, of: np.ndarray) -> torch.Tensor:
        picked = self.pictures[torch.from_numpy(of).to(self.pictures.device)]
        return picked[:, None].float() / 255.0

    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return films `[N, 1, S, S]` in 0..1, labels and sources."""
        of = self.rng.choice(self.chosen, BATCH, p=self.share)
        label, source = self.films.label, self.source
        films = self._take(of)
        if self.mixing.tones:
            partners = mixing.other_source(source, self.chosen, self.rng, of)
            films = mixing.borrow_tones(films, self._take(partners), self.mixing.tones)
        films = variation.vary(films)
        if self.mixing.within_label:
            partners = mixing.same_label(source, label, self.chosen, self.rng, of)
            films = mixing.mix(films, variation.vary(self._take(partners)), self.mixing.within_label)
        device = films.device
        return films, torch.from_numpy(label[of]).to(device), torch.from_numpy(source[of]).to(device)


def _optimiser(name: str, model: nn.Module, steps: int) -> tuple[torch.optim.Optimizer, object]:
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for value in model.parameters():
        size = max(float(value.detach().square().mean().sqrt()), SMALLEST)
        # To the next power of two: few groups, each updated at once.
        groups.setdefault((2.0 ** round(math.log2(size)), value.ndim > 1), []).append(value)
    rates = [RATES.get(name, RATE) * size for size, _ in groups]
    parts = [{"params": values, "weight_decay": DECAY * is_matrix} for (_, is_matrix), values in groups.items()]
    optimiser = torch.optim.AdamW(parts, lr=RATE, fused=next(model.parameters()).is_cuda)
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps, pct_start=WARM)


def tuned(name: str, start: network.Tapped, layer: network.Layer, draw: Draw, plan: Plan) -> network.Tapped:
    """Return the backbone with the averaged weights of a fit together with its head; batch norms keep their statistics."""
    torch.manual_seed(SEED)
    device = draw.pictures.device
    body, layer = copy.deepcopy(start).to(device).eval().requires_grad_(True), layer.to(device)
    body.to(memory_format=torch.channels_last)
    model = nn.ModuleList([body, layer])
    values, mean = list(model.parameters()), [value.detach().clone() for value in body.parameters()]
    optimiser, schedule = _optimiser(name, model, plan.steps)
    started = time.time()
    for step in range(plan.steps):
        films, label, source = draw.batch()
        with torch.autocast(device.type, torch.bfloat16):
            features = body(films.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(layer(features), label, label_smoothing=SMOOTHING)
        if plan.mixing.align:
            loss = loss + plan.mixing.align * mixing.apart(features, label, source)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(values, 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            now = [value.detach() for value in body.parameters()]
            torch._foreach_lerp_(mean, now, 1.0 - min(AVERAGE, step / (step + 20)))
        if step % 100 == 0 or step == plan.steps - 1:
            rate = (step + 1) * BATCH / (time.time() - started)
            print(f"{name}: step {step + 1} of {plan.steps}, loss {loss.item():.3f}, {rate:.0f} films/s", flush=True)
    with torch.no_grad():
        for value, average in zip(body.parameters(), mean, strict=True):
            value.copy_(average)
    return body


def features(model: nn.Module, pictures: torch.Tensor) -> np.ndarray:
    """Return the features `[films, E]` of pictures as they are, in float32."""
    rows = []
    with torch.no_grad():
        for part in pictures.split(128):
            films = (part[:, None].float() / 255.0).contiguous(memory_format=torch.channels_last)
            rows.append(model(films).cpu())
    return torch.cat(rows).numpy()
