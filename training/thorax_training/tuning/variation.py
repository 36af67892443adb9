"""Changes that a film can go through without its diagnosis changing, for whole batches on a graphics card.

Never mirrored: the heart's side is information. Every film of a batch is changed by its own draw.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

_BLOCK = 8
# Annex K of the JPEG standard (ITU-T T.81), luminance.
_JPEG = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def vary(films: torch.Tensor) -> torch.Tensor:
    """Return one varied copy of each of `[N, 1, S, S]` films in 0..1; S is a multiple of 8."""
    films = _tone(_place(films))
    films = _some(_blur(films), films, 0.25)
    films = _some(_coarse(films), films, 0.2)
    films = _some(_compress(films), films, 0.2)
    films = films + _each(films, 0.0, 0.03) * torch.randn_like(films)
    return _blank(films).clamp(0.0, 1.0)


def _each(films: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Draw a number for each film, `[N, 1, 1, 1]`."""
    return torch.empty(len(films), 1, 1, 1, device=films.device).uniform_(low, high)


def _some(changed: torch.Tensor, films: torch.Tensor, share: float) -> torch.Tensor:
    return torch.where(_each(films, 0.0, 1.0) < share, changed, films)


def _place(films: torch.Tensor) -> torch.Tensor:
    """Turn by up to 10 degrees, stretch by up to 15 %, move by up to 6 %."""
    turn = _each(films, -10.0, 10.0).flatten() * (math.pi / 180.0)
    wide, tall = (torch.exp(_each(films, -0.15, 0.15)).flatten() for _ in range(2))
    across, down = (_each(films, -0.12, 0.12).flatten() for _ in range(2))
    rows = [
        torch.stack([turn.cos() * wide, -turn.sin() * tall, across], 1),
        torch.stack([turn.sin() * wide, turn.cos() * tall, down], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(films.shape), align_corners=False)
    return functional.grid_sample(films, grid, padding_mode="reflection", align_corners=False)


def _tone(films: torch.Tensor) -> torch.Tensor:
    """Run each film through a rising curve of its own, then change its contrast and brightness."""
    knots = 5
    steps = torch.rand(len(films), knots - 1, device=films.device) + 0.35
    curve = functional.pad(torch.cumsum(steps / steps.sum(1, keepdim=True), 1), (1, 0))
    place = films.flatten(1) * (knots - 1)
    lower = place.long().clamp(0, knots - 2)
    low, high = curve.gather(1, lower), curve.gather(1, lower + 1)
    films = torch.lerp(low, high, place - lower).reshape(films.shape)
    return (films - 0.5) * _each(films, 0.7, 1.25) + 0.5 + _each(films, -0.1, 0.1)


def _blur(films: torch.Tensor) -> torch.Tensor:
    reach = torch.arange(-4.0, 5.0, device=films.device)
    sigma = _each(films, 0.5, 1.8).reshape(-1, 1)
    weights = torch.exp(-0.5 * (reach / sigma) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    stacked = functional.pad(films, (4, 4, 4, 4), mode="reflect").transpose(0, 1)
    stacked = functional.conv2d(stacked, weights[:, None, :, None], groups=len(films))
    return functional.conv2d(stacked, weights[:, None, None, :], groups=len(films)).transpose(0, 1)


def _coarse(films: torch.Tensor) -> torch.Tensor:
    """As a film of fewer pixels, enlarged."""
    side = films.shape[-1]
    small = int(torch.randint(int(side * 0.45), int(side * 0.9), (1,)).item())
    small_films = functional.interpolate(films, size=(small, small), mode="bilinear", antialias=True)
    return functional.interpolate(small_films, size=(side, side), mode="bilinear")


def _compress(films: torch.Tensor) -> torch.Tensor:
    """JPEG's loss: cosine coefficients of 8 x 8 blocks, rounded in steps for a quality of 20 to 80."""
    number = torch.arange(float(_BLOCK), device=films.device)
    cosine = torch.cos(math.pi * (2 * number[None] + 1) * number[:, None] / (2 * _BLOCK)) * math.sqrt(2.0 / _BLOCK)
    cosine[0] /= math.sqrt(2.0)
    quality = _each(films, 20.0, 80.0)
    scale = torch.where(quality < 50.0, 50.0 / quality, 2.0 - quality / 50.0)[..., None]
    steps = torch.tensor(_JPEG, device=films.device, dtype=films.dtype) * scale / 255.0
    count, cells = len(films), films.shape[-1] // _BLOCK
    blocks = (
        films.reshape(count, cells, _BLOCK, cells, _BLOCK).permute(0, 1, 3, 2, 4).reshape(count, -1, 1, _BLOCK, _BLOCK)
    )
    coded = (cosine @ (blocks - 0.5) @ cosine.T / steps).round() * steps
    blocks = cosine.T @ coded @ cosine + 0.5
    return blocks.reshape(count, cells, cells, _BLOCK, _BLOCK).permute(0, 1, 3, 2, 4).reshape(films.shape)


def _blank(films: torch.Tensor) -> torch.Tensor:
    """Blank a patch of half of the films, as a letter, an electrode or a marker would."""
    side = films.shape[-1]
    line = torch.arange(side, device=films.device, dtype=films.dtype)
    inside = []
    for shape in ((1, 1, -1, 1), (1, 1, 1, -1)):
        size = _each(films, 0.04, 0.28) * side
        start = _each(films, 0.0, 1.0) * (side - size)
        place = line.reshape(shape)
        inside.append((place >= start) & (place < start + size))
    chosen = inside[0] & inside[1] & (_each(films, 0.0, 1.0) < 0.5)
    return torch.where(chosen, _each(films, 0.0, 1.0), films)
