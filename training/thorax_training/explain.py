"""`explain`: do the maps show what the networks go by? Deletion and insertion, share on the lungs, randomised weights.

Deletion and insertion after Petsiuk et al. 2018 (RISE), randomisation after Adebayo et al. 2018 (Sanity Checks for Saliency
Maps). What is taken away is blurred, not blackened, so that no new edges arise.
"""

from __future__ import annotations

import copy
import json

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from thorax_training import assemble, dataset, graphs, heads, networks, pooling, recipe, train
from thorax_training.dataset import LABELS, Films
from thorax_training.paths import Paths

FILMS_PER_LABEL = 8
CELLS = 14
SHARES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
"""Parts of the picture that are taken away or put back, hottest first."""
SEEDS = (1, 2)
SEED = 17


def evidence(cam: np.ndarray, weights: np.ndarray, label: int) -> np.ndarray:
    """Return what a class has above the mean of all in each cell, as much as the cell counts, positive part, on CELLS x CELLS:
    the map that the program shows."""
    above = np.maximum(cam[label] - cam.mean(axis=0), 0) * weights
    return cv2.resize(above, (CELLS, CELLS), interpolation=cv2.INTER_LINEAR)


def _masked(picture: np.ndarray, blurred: np.ndarray, order: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (the picture without its first cells, nothing but its first cells)."""
    cells = np.zeros(CELLS * CELLS, bool)
    cells[order[: round(share * len(order))]] = True
    fold = recipe.SIDE // CELLS
    mask = cells.reshape(CELLS, CELLS).repeat(fold, axis=0).repeat(fold, axis=1)
    return np.where(mask, blurred, picture), np.where(mask, picture, blurred)


Film = tuple[np.ndarray, np.ndarray, int]
"""Its picture, how much each cell of its maps counts, and the label that was given to it."""


def _curves(session: onnxruntime.InferenceSession, film: Film, order: np.ndarray) -> np.ndarray:
    """Return the areas under the deletion and the insertion curve, of the label's probability."""
    picture, weights, label = film
    blurred = cv2.GaussianBlur(picture, (0, 0), 20)
    pairs = [_masked(picture, blurred, order, share) for share in SHARES]
    stack = np.stack([picture, *(without for without, _ in pairs), *(only for _, only in pairs), blurred])
    image = recipe.normalize(stack, recipe.VIEWS["whole"])
    cams = session.run(["cam"], {"image": image})[0]
    probability = heads.softmax(pooling.logits(cams, np.broadcast_to(weights, (len(cams), *weights.shape))))[:, label]
    count, places = len(SHARES), (0.0, *SHARES, 1.0)
    whole, nothing = probability[0], probability[-1]
    deletion = np.trapezoid([whole, *probability[1 : count + 1], nothing], places)
    insertion = np.trapezoid([nothing, *probability[count + 1 : -1], whole], places)
    return np.array([deletion, insertion])


def shuffled(model: onnx.ModelProto, only_head: bool, seed: int) -> onnx.ModelProto:
    """Return the graph with the weights of its head, or of every layer before it, in random order."""
    model, rng = copy.deepcopy(model), np.random.default_rng(seed)
    for item in model.graph.initializer:
        if item.name == "head_weights" if only_head else item.name.endswith("_int8"):
            values = numpy_helper.to_array(item)
            item.CopyFrom(numpy_helper.from_array(rng.permutation(values.ravel()).reshape(values.shape), item.name))
    return model


def _alike(model: onnx.ModelProto, films: list[Film], maps: list[np.ndarray], only_head: bool) -> float:
    """Return the mean correlation of maps with those of shuffled weights."""
    found, image = [], recipe.normalize(np.stack([picture for picture, _, _ in films]), recipe.VIEWS["whole"])
    for seed in SEEDS:
        cams = graphs.session(shuffled(model, only_head, seed)).run(["cam"], {"image": image})[0]
        for cam, (_, weights, label), trained in zip(cams, films, maps, strict=True):
            other = evidence(cam, weights, label)
            if np.isfinite(other).all() and other.std() > 0 and trained.std() > 0:
                found.append(np.corrcoef(trained.ravel(), other.ravel())[0, 1])
    return float(np.mean(found))


def _one(paths: Paths, network: networks.Network, films: Films, chosen: np.ndarray) -> dict:
    steps = recipe.VIEWS[network.view]
    backbone = onnx.load(paths.graphs / f"{network.name}.int8.onnx")
    model = assemble.attach(backbone, network, train.read_head(paths, network), train.read_centre(paths, network))
    session, rng = graphs.session(model), np.random.default_rng(SEED)
    pictures = np.asarray(dataset.pixels(films, paths.data, steps, paths.cache)[chosen])
    lungs = np.load(paths.cache / "lungs.npy")[chosen]
    weights = train.lung_weights(paths, network, films)[chosen]
    cams = session.run(["cam"], {"image": recipe.normalize(pictures, steps)})[0]
    labels, maps, rows = pooling.logits(cams, weights).argmax(axis=1), [], []
    read = list(zip(pictures, weights, labels, strict=True))
    for film, cam, film_lungs, file in zip(read, cams, lungs, films.file[chosen], strict=True):
        part = recipe.shown(recipe.read_film(paths.data / "xrays" / file).shape, steps, film_lungs)
        heat, seen = evidence(cam, *film[1:]), pooling.seen(film_lungs, part, CELLS)
        by_map = _curves(session, film, np.argsort(-heat.ravel(), kind="stable"))
        by_chance = _curves(session, film, rng.permutation(CELLS * CELLS))
        rows.append([*by_map, *by_chance, (heat * seen).sum() / max(heat.sum(), 1e-9), seen.mean()])
        maps.append(heat)
    deletion, insertion, chance_deletion, chance_insertion, share, area = np.mean(rows, axis=0)
    return {
        "network": network.name,
        "view": network.view,
        "films": len(chosen),
        "deletion": float(deletion),
        "deletion_by_chance": float(chance_deletion),
        "insertion": float(insertion),
        "insertion_by_chance": float(chance_insertion),
        "lung_share": float(share),
        "lung_area": float(area),
        "alike_with_shuffled_head": _alike(model, read[::2], maps[::2], only_head=True),
        "alike_with_shuffled_layers": _alike(model, read[::2], maps[::2], only_head=False),
    }


def measure(paths: Paths) -> None:
    """Write metrics/explanation.json."""
    films, rng = dataset.read_films(paths.data), np.random.default_rng(SEED)
    test = films.where("test")
    chosen = np.sort(
        np.concatenate(
            [rng.choice(test[films.label[test] == k], FILMS_PER_LABEL, replace=False) for k in range(len(LABELS))]
        )
    )
    report = []
    for network in networks.NETWORKS:
        report.append(_one(paths, network, films, chosen))
        print(report[-1], flush=True)
    (paths.metrics / "explanation.json").write_text(json.dumps(report, indent=1) + "\n")
