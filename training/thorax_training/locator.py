"""`locate`: the locator, a small U-Net (Ronneberger et al. 2015) that says for each cell of a whole film whether it is lung.

Its teachers are weak maps (another network's prediction, not drawn by hand) that leave out consolidated lung. So that the
locator does not learn this, made-up opacities are laid over the lungs of the films while the maps stay as they are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

from thorax_training import dataset, graphs, measures, recipe
from thorax_training.dataset import Films
from thorax_training.paths import Paths

SIDE = 64
GRID = 32
"""Cells a side of the locator's map; the first convolution halves the film."""
STEPS = (recipe.DEPTH, {"step": "resize", "width": SIDE, "height": SIDE, "filter": "bilinear"}, recipe.NORMALIZE)
EPOCHS = 14
BATCH = 32
RATE = 3e-3
SEED = 5


def _convolutions(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
        nn.Conv2d(outside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    )


class Locator(nn.Module):
    """`[N, 1, 64, 64]` films in 0..1 -> `[N, 1, 32, 32]` probabilities of lung."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 64)) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            _convolutions(a, b, 2 if a == 1 else 1) for a, b in zip((1, *widths[:-1]), widths, strict=True)
        )
        pairs = list(zip(widths[:-1], widths[1:], strict=True))[::-1]
        self.up = nn.ModuleList(_convolutions(a + b, a) for a, b in pairs)
        self.last = nn.Conv2d(widths[0], 1, 1)

    def scores(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logits of the probabilities."""
        kept = []
        for number, block in enumerate(self.down):
            image = block(image if number == 0 else functional.max_pool2d(image, 2))
            kept.append(image)
        for block, earlier in zip(self.up, kept[-2::-1], strict=True):
            image = block(torch.cat([functional.interpolate(image, scale_factor=2.0, mode="nearest"), earlier], dim=1))
        return self.last(image)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the probabilities."""
        return torch.sigmoid(self.scores(image))


def _small(paths: Paths, films: Films) -> np.ndarray:
    """Return all films as the locator sees them, `[n, 64, 64]` bytes."""
    cache = paths.cache / "pixels.locator.npy"
    if not cache.exists():
        rows = [recipe.to_pixels(recipe.read_film(paths.data / "xrays" / file), STEPS) for file in films.file]
        np.save(cache, np.stack(rows))
    return np.load(cache)


def _maps(paths: Paths) -> np.ndarray:
    """Return the teachers' maps in the order of labels.csv, `[n, 64, 64]` in 0..1."""
    return np.load(paths.data / "lungs.npz")["probability"].astype(np.float32) / 255.0


def _cells(maps: np.ndarray) -> np.ndarray:
    """Bring `[..., 64, 64]` maps to the locator's cells by their mean."""
    fold = SIDE // GRID
    return maps.reshape(*maps.shape[:-2], GRID, fold, GRID, fold).mean(axis=(-3, -1))


def _opacities(film: np.ndarray, lungs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay one to four soft bright patches over the lungs of a film in 0..1."""
    rows, columns = np.nonzero(lungs > 0.5)
    if not len(rows):
        return film
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    for _ in range(rng.integers(1, 5)):
        middle = rng.integers(len(rows))
        spread = rng.uniform(3, 10, 2)
        patch = np.exp(-(((y - rows[middle]) / spread[0]) ** 2 + ((x - columns[middle]) / spread[1]) ** 2) / 2)
        strength = patch * rng.uniform(0.2, 0.9)
        film = film + (max(rng.uniform(0.5, 0.95), film.max() * 0.7) - film) * strength * (film < 0.95)
    return film


def _varied(film: np.ndarray, lungs: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Lay opacities over a film, turn, move, scale and mirror it, and change its tone; its map follows."""
    if rng.random() < 0.5:
        film = _opacities(film, lungs, rng)
    scale = np.exp(rng.uniform(-0.25, 0.25))
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), rng.uniform(-12, 12), scale)
    matrix[:, 2] += rng.uniform(-7, 7, 2)
    border = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)[rng.integers(2)]
    film = cv2.warpAffine(film, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=border)
    lungs = cv2.warpAffine(lungs, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    if rng.random() < 0.5:
        film, lungs = film[:, ::-1], lungs[:, ::-1]
    film = np.clip(film, 0, 1) ** np.exp(rng.uniform(-0.5, 0.5))
    film = (film - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.uniform(-0.12, 0.12)
    return np.clip(film, 0, 1), lungs


def _epoch(model: Locator, optimiser: torch.optim.Optimizer, schedule: object, batches: list) -> float:
    total = 0.0
    for image, target in batches:
        score = model.scores(image)
        probability = torch.sigmoid(score)
        overlap = 2 * (probability * target).sum((1, 2, 3)) + 1
        dice = 1 - overlap / (probability.sum((1, 2, 3)) + target.sum((1, 2, 3)) + 1)
        loss = functional.binary_cross_entropy_with_logits(score, target) + dice.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
    return total / len(batches)


def _batches(films: np.ndarray, maps: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> list:
    rows = [_varied(films[i].astype(np.float32) / 255.0, maps[i], rng) for i in chosen]
    image = torch.from_numpy(np.stack([film for film, _ in rows]).astype(np.float32))[:, None]
    target = torch.from_numpy(_cells(np.stack([lungs for _, lungs in rows])).astype(np.float32))[:, None]
    return list(zip(image.split(BATCH), target.split(BATCH), strict=True))


def fit(small: np.ndarray, maps: np.ndarray, films: Films) -> Locator:
    """Train the locator on the train split, sources alike."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    train = films.where("train")
    _, source, count = np.unique(films.source[train], return_inverse=True, return_counts=True)
    share = (1.0 / count)[source]
    model = Locator()
    steps = EPOCHS * -(-len(train) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        started = time.time()
        chosen = rng.choice(train, len(train), p=share / share.sum())
        loss = _epoch(model.train(), optimiser, schedule, _batches(small, maps, chosen, rng))
        print(f"locator, epoch {epoch + 1}: loss {loss:.4f}, {time.time() - started:.0f} s", flush=True)
    return model.eval()


def file(paths: Paths) -> Path:
    """Return where the trained locator lies: a graph, `image` `[N, 1, 64, 64]` -> `lungs` `[N, 1, 32, 32]`."""
    return paths.graphs / "locator.onnx"


def find(paths: Paths, films: Iterable[np.ndarray]) -> np.ndarray:
    """Return the probabilities of lung of films, `[n, 32, 32]`, as the trained locator gives them."""
    session = graphs.session(file(paths))

    def one(film: np.ndarray) -> np.ndarray:
        return session.run(["lungs"], {"image": recipe.normalize(recipe.to_pixels(film, STEPS), STEPS)})[0][0, 0]

    return np.stack([one(film) for film in films])


def agreement(probability: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Return how well cells follow the weak maps: Dice at 0.5, AUROC of cells, mean absolute error."""
    guess, truth = probability > 0.5, target > 0.5
    dice = 2 * (guess & truth).sum() / max(guess.sum() + truth.sum(), 1)
    return {
        "dice": float(dice),
        "auroc": measures.auroc(probability.ravel(), truth.ravel()),
        "mean_absolute_error": float(np.abs(probability - target).mean()),
    }


def run(paths: Paths) -> None:
    """Train the locator, unless it is there, and measure it on val and test films."""
    films, maps = dataset.read_films(paths.data), _maps(paths)
    if not file(paths).exists():
        onnx.save(graphs.export(fit(_small(paths, films), maps, films), SIDE, "lungs"), file(paths))
    probability = find(paths, (recipe.read_film(paths.data / "xrays" / name) for name in films.file))
    np.save(paths.cache / "lungs.npy", probability)
    report = {}
    for split in ("val", "test"):
        chosen = films.where(split)
        report[split] = {**agreement(probability[chosen], _cells(maps[chosen])), "films": len(chosen)}
    (paths.metrics / "lungs.json").write_text(json.dumps(report, indent=1) + "\n")
    print(report, flush=True)
