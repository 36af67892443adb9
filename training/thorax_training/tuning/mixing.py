"""Making the source of a film hard to tell: tones borrowed from other sources, films of one label from two sources mixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Mixing:
    """What is done about sources in a fit; each part is off at 0."""

    tones: float = 0.0
    """Share of films that take the histogram of a film of another source."""
    within_label: float = 0.0
    """Share of films that are mixed with one of the same label and another source (LISA, Yao et al. 2022)."""
    align: float = 0.0
    """Weight of the distance between the mean features of a label from source to source (as deep CORAL's first moment)."""


WAYS = {
    "changes only": Mixing(),
    "and tones of other sources": Mixing(tones=0.5),
    "and films of a label mixed": Mixing(tones=0.5, within_label=0.5),
    "and means of a label drawn together": Mixing(tones=0.5, within_label=0.5, align=0.1),
}
"""What is compared, each keeping what the one before it has."""


def other_source(source: np.ndarray, chosen: np.ndarray, rng: np.random.Generator, of: np.ndarray) -> np.ndarray:
    """Draw for each of the films `of` one of `chosen` from another source, sources alike."""
    names = np.unique(source[chosen])
    pools = {name: chosen[source[chosen] == name] for name in names}
    partners = np.empty(len(of), np.int64)
    for place, film in enumerate(of):
        others = names[names != source[film]]
        partners[place] = rng.choice(pools[rng.choice(others)]) if len(others) else film
    return partners


def same_label(
    source: np.ndarray, label: np.ndarray, chosen: np.ndarray, rng: np.random.Generator, of: np.ndarray
) -> np.ndarray:
    """Draw for each of the films `of` one of `chosen` with its label from another source; itself where there is none."""
    partners = np.array(of)
    for one in np.unique(label[of]):
        mine = label[of] == one
        partners[mine] = other_source(source, chosen[label[chosen] == one], rng, of[mine])
    return partners


def borrow_tones(films: torch.Tensor, partners: torch.Tensor, share: float) -> torch.Tensor:
    """Give a share of `[N, 1, S, S]` films the histogram of their partner, by rank, half to fully."""
    flat = films.flatten(1)
    ranks = flat.argsort(1).argsort(1)
    borrowed = partners.flatten(1).sort(1).values.gather(1, ranks)
    much = torch.empty(len(films), 1, device=films.device).uniform_(0.5, 1.0)
    taken = torch.rand(len(films), 1, device=films.device) < share
    return torch.where(taken, torch.lerp(flat, borrowed, much), flat).reshape(films.shape)


def mix(films: torch.Tensor, partners: torch.Tensor, share: float) -> torch.Tensor:
    """Mix a share of the films with their partners, each with a part of its own."""
    part = torch.rand(len(films), 1, 1, 1, device=films.device)
    taken = torch.rand(len(films), 1, 1, 1, device=films.device) < share
    return torch.where(taken, torch.lerp(films, partners, part), films)


def apart(features: torch.Tensor, label: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Return how far the mean features `[N, E]` of a label lie apart from source to source, in units of their spread."""
    standard = (features - features.mean(0)) / (features.std(0) + 1e-3)
    total, pairs = features.new_zeros(()), 0
    for one in label.unique():
        means = [
            standard[(label == one) & (source == origin)].mean(0)
            for origin in source[label == one].unique()
            if ((label == one) & (source == origin)).sum() >= 3
        ]
        middle = torch.stack(means).mean(0) if means else None
        for mean in means if len(means) > 1 else ():
            total, pairs = total + ((mean - middle) ** 2).mean(), pairs + 1
    return total / max(pairs, 1)
