"""What tuning gives on sources left out: one network tuned without each source of COVID and without NIH, and once on all.

Heads are fitted afterwards as for frozen backbones, on the features of the frozen, the half-way moved (WiSE-FT, Wortsman
et al. 2022) and the tuned weights.
"""

from __future__ import annotations

import copy
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from thorax_training import heads, outside, train
from thorax_training.dataset import Films
from thorax_training.networks import Network
from thorax_training.tuning import fit, network

SHARES = (0.0, 0.5, 1.0)
"""How far towards the tuned weights."""
WHOLE = ""
"""Stands for the fit on all train films, where others name the source left out."""
WORKERS = 5


Told = dict[tuple[str, float], np.ndarray]
"""What the heads say of all films, by source left out and share: `[films, 4]`."""


def kept(films: Films, source: str) -> np.ndarray:
    """Return the train films that a fit sees: all, or those of neither this source nor NIH."""
    left_out = ((films.source == source) | (films.source == outside.NEGATIVES)) & (source != WHOLE)
    return np.flatnonzero((films.split == "train") & ~left_out)


def _head(films: Films, values: np.ndarray, source: str) -> tuple[heads.Head, np.ndarray]:
    with threadpool_limits(limits=1, user_api="blas"):
        head = train.fit(films, values[None], kept(films, source), train.SETTINGS)
        return head, heads.softmax(head.logits(values)).astype(np.float32)


def between(start: nn.Module, end: nn.Module, share: float) -> nn.Module:
    """Return `end` moved back so that it lies a share of the way from `start`; a new module."""
    result = copy.deepcopy(end)
    with torch.no_grad():
        for value, first in zip(result.parameters(), start.parameters(), strict=True):
            value.copy_(torch.lerp(first.to(value.device), value, share))
    return result


def run(
    of: Network, module: nn.Module, films: Films, pictures: torch.Tensor, plan: fit.Plan, folds: tuple[str, ...]
) -> Told:
    """Tune one network, on `[films, S, S]` bytes, without each of the sources that `folds` names."""
    device, start = pictures.device, network.Tapped(of, module)
    frozen = fit.features(copy.deepcopy(start).to(device), pictures)
    told: dict[tuple[str, float], Future] = {}
    # Heads are fitted on the processor's other cores meanwhile.
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for source in folds:
            told[source, 0.0] = pool.submit(_head, films, frozen, source)
        for source in folds:
            draw = fit.Draw(films, pictures, kept(films, source), plan)
            layer = network.Layer(told[source, 0.0].result()[0], frozen[draw.chosen])
            end = fit.tuned(of.name, start, layer, draw, plan)
            for share in SHARES[1:]:
                values = fit.features(between(start, end, share), pictures)
                told[source, share] = pool.submit(_head, films, values, source)
        return {key: future.result()[1] for key, future in told.items()}


def areas(films: Films, told: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Return the AUROCs of `outside` for sources left out together with NIH, no test film looked at."""
    fitted = {(source, nih): values for source, values in told.items() for nih in (False, True)}
    rows = outside.leave_one_source_out(films, fitted, with_test=False)
    return {source: {kind: value for kind, value in row.items() if kind != "nih"} for source, row in rows.items()}
