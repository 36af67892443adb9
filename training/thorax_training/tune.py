"""`tune`: one network tuned in all its layers, measured on a source left out beside its frozen self. Not part of `all`.

Strong changes of tone, blur, grain, compression, place and size, so that a film's source is hard to tell; batch norms keep
their statistics; weights averaged over the steps; and, after Wortsman et al. 2022 (WiSE-FT), also half way between the
frozen and the tuned weights. A quarter of an hour on two cores for EfficientNet-Lite0.
"""

from __future__ import annotations

import copy
import json
import time

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from thorax_training import dataset, heads, networks, outside, recipe, train
from thorax_training.backbones import grey
from thorax_training.dataset import Films
from thorax_training.paths import Paths

NETWORK = "efficientnet-lite0"
SOURCE = "ieee8023"
"""The one source that has patients and all classes; NIH is left out with it."""
EPOCHS, BATCH, RATE = 3, 16, 2e-4
AVERAGE = 0.99
SEED = 19


def _place(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    middle, side = recipe.SIDE / 2, (recipe.SIDE, recipe.SIDE)
    matrix = cv2.getRotationMatrix2D((middle, middle), rng.uniform(-8, 8), np.exp(rng.uniform(-0.12, 0.15)))
    matrix[:, 2] += rng.uniform(-10, 10, 2)
    return cv2.warpAffine(picture, matrix, side, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _tone(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.3:
        picture = cv2.addWeighted(picture, 0.5, cv2.equalizeHist(picture), 0.5, 0)
    knots = (0.0, *(np.sort(rng.random(3)) * 0.5 + np.array([0.125, 0.25, 0.375])), 1.0)
    curve = np.interp(np.linspace(0, 1, 256), (0, 0.25, 0.5, 0.75, 1), knots)
    curve = (curve - 0.5) * rng.uniform(0.7, 1.2) + 0.5 + rng.uniform(-0.1, 0.1)
    return cv2.LUT(picture, np.clip(curve * 255, 0, 255).astype(np.uint8))


def _device(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = rng.integers(5)
    if kind == 0:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6))
    if kind == 1:
        small = cv2.resize(picture, (int(rng.integers(96, 200)),) * 2, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (recipe.SIDE, recipe.SIDE))
    if kind == 2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))]
        return cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_GRAYSCALE)
    if kind == 3:
        noisy = picture + rng.normal(0, rng.uniform(1, 9), picture.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)
    return picture


def vary(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one varied copy of a prepared picture, a patch of it blanked half of the time."""
    picture = _device(_tone(_place(picture, rng), rng), rng)
    if rng.random() < 0.5:
        size = rng.integers(10, 60, 2)
        top, left = (rng.integers(0, recipe.SIDE - one) for one in size)
        picture = picture.copy()
        picture[top : top + size[0], left : left + size[1]] = rng.integers(0, 256)
    return picture


def _linear(head: heads.Head) -> nn.Linear:
    layer = nn.Linear(head.weights.shape[1], head.weights.shape[0])
    layer.weight.data, layer.bias.data = torch.from_numpy(head.weights), torch.from_numpy(head.bias)
    return layer


def _inputs(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(recipe.normalize(pictures, recipe.VIEWS["whole"]))


def tuned(module: nn.Module, head: heads.Head, films: Films, pictures: np.ndarray, chosen: np.ndarray) -> nn.Module:
    """Return the module with the averaged weights of a run over the chosen films, classes and sources drawn alike."""
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    both = nn.ModuleList([copy.deepcopy(module), _linear(head)]).eval().requires_grad_(True)
    mean = copy.deepcopy(both).requires_grad_(False)
    share = dataset.sample_weights(films.label[chosen], films.source[chosen])
    steps = EPOCHS * len(chosen) // BATCH
    optimiser = torch.optim.AdamW(both.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    started = time.time()
    for step in range(steps):
        batch = rng.choice(chosen, BATCH, p=share / share.sum())
        image = _inputs(np.stack([vary(np.asarray(pictures[i]), rng) for i in batch]))
        with torch.autocast("cpu", torch.bfloat16):
            grid = both[0](image)
        loss = functional.cross_entropy(
            both[1](grid.float().mean((2, 3))), torch.from_numpy(films.label[batch]), label_smoothing=0.05
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        kept = min(AVERAGE, step / (step + 20))
        for average, now in zip(mean.parameters(), both.parameters(), strict=True):
            average.mul_(kept).add_(now.detach(), alpha=1 - kept)
        if step % 50 == 0:
            took = (time.time() - started) / (step + 1) / BATCH * 1000
            print(f"tune: step {step} of {steps}, loss {loss.item():.3f}, {took:.0f} ms a film", flush=True)
    return mean[0]


def _between(frozen: nn.Module, moved: nn.Module, share: float) -> nn.Module:
    result = copy.deepcopy(frozen)
    for mine, theirs in zip(result.parameters(), moved.parameters(), strict=True):
        mine.data.lerp_(theirs.data, share)
    return result.eval()


def _features(module: nn.Module, pictures: np.ndarray, size: int, wanted: np.ndarray) -> np.ndarray:
    """Return `[films, size]`, zero where a film is not wanted."""
    rows = np.zeros((len(pictures), size), np.float32)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for part in np.array_split(wanted, max(len(wanted) // 32, 1)):
            rows[part] = module(_inputs(np.asarray(pictures[part]))).float().mean((2, 3)).numpy()
    return rows


def _areas(films: Films, probabilities: np.ndarray) -> dict[str, float]:
    """Return the AUROCs of `outside` for the source that was left out together with NIH."""
    one = {(name, nih): probabilities for name in dataset.COVID_SOURCES for nih in (False, True)}
    row = outside.leave_one_source_out(films, one, with_test=False)[SOURCE]
    return {"both_unseen": row["both_unseen"], "same_source": row["same_source"]}


def measure(paths: Paths) -> None:
    """Write metrics/tuning.json: heads on the last grid of frozen, half tuned and tuned weights, fitted alike."""
    films, network = dataset.read_films(paths.data), networks.BY_NAME[NETWORK]
    pictures = dataset.pixels(films, paths.data, recipe.VIEWS[network.view], paths.cache)
    frozen, _ = grey.build(network, paths.packages)
    values = train.load(paths, network, films)[:, : network.channels[0]]
    out = (films.source == SOURCE) | (films.source == outside.NEGATIVES)
    chosen = np.flatnonzero((films.split == "train") & ~out)
    moved = tuned(frozen, train.fit(films, values, chosen, train.SETTINGS), films, pictures, chosen)
    wanted, report = np.union1d(chosen, np.flatnonzero(out & (films.split != "test"))), []
    for name, share in (("frozen", 0.0), ("half way", 0.5), ("tuned", 1.0)):
        rows = _features(_between(frozen, moved, share), pictures, network.channels[0], wanted)
        told = heads.softmax(train.fit(films, rows, chosen, train.SETTINGS).logits(rows))
        report.append({"network": NETWORK, "left_out": SOURCE, "weights": name, **_areas(films, told)})
        print(report[-1], flush=True)
    (paths.metrics / "tuning.json").write_text(json.dumps(report, indent=1) + "\n")
