"""`train`: one head per network, all with the same settings, fitted on each film and its copies (`augment.COPIES`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thorax_training import augment, dataset, features, heads, measures, networks, outside, pooling, recipe
from thorax_training.dataset import Films
from thorax_training.paths import Paths

SETTINGS = heads.Settings(penalty=0.01, nuisance=0.3, softening=0.1)
"""Chosen once for all networks on sources left out, without the test split: `views` and `weighting` print what others would give."""


def pooled(
    paths: Paths, network: networks.Network, films: Films, view: str | None = None, copy: str = augment.AS_IT_IS
) -> np.ndarray:
    """Load the pooled features `[films, 4 E]` of the view that a network reads, or of another one."""
    store = features.Store(paths.features, network, view or network.view, copy)
    if store.done < len(films):
        raise ValueError(f"{network.name} has features of {store.done} films of {len(films)}: run `features` first")
    return np.array(store.pooled(len(films)))


def embedding(
    paths: Paths, network: networks.Network, films: Films, view: str | None = None, copy: str = augment.AS_IT_IS
) -> np.ndarray:
    """Load the embeddings `[films, E]` of a copy of the view that a network reads, or of another one."""
    return pooled(paths, network, films, view, copy)[:, : network.embedding]


def centre_of(values: np.ndarray, network: networks.Network, films: Films) -> np.ndarray:
    """Return the average train film's channels `[E]`, from pooled features: what places are measured against."""
    return values[films.where("train"), : network.embedding].mean(axis=0)


def lung_weights(paths: Paths, network: networks.Network, films: Films, view: str | None = None) -> np.ndarray:
    """Return `[films, side, side]`: how much each cell counts of the view that a network reads, or of another one."""
    steps = recipe.VIEWS[view or network.view]
    return dataset.lung_weights(films, paths.data, steps, paths.cache, network.grid)


def load(paths: Paths, network: networks.Network, films: Films, view: str | None = None) -> np.ndarray:
    """Load what a head reads `[films, 3 E]` of the view that a network reads, or of another one."""
    return load_copies(paths, network, films, view, (augment.AS_IT_IS,))[0]


def load_copies(
    paths: Paths,
    network: networks.Network,
    films: Films,
    view: str | None = None,
    copies: tuple[str, ...] = tuple(augment.COPIES),
) -> np.ndarray:
    """Load what a head learns from `[copies, films, 3 E]`, the films as they are first: all copies are measured against their
    average."""
    weights = lung_weights(paths, network, films, view)
    values = [pooled(paths, network, films, view, copy) for copy in copies]
    centre = centre_of(values[0], network, films)
    return np.stack([pooling.read_by_head(one, weights, centre) for one in values])


def fit(
    films: Films,
    copies: np.ndarray,
    chosen: np.ndarray,
    settings: heads.Settings,
    weights: np.ndarray | None = None,
    target: np.ndarray | None = None,
) -> heads.Head:
    """Fit a head on what it reads of copies of some films, `[copies, films, F]`, the films as they are first. `weights` and `target`
    `[chosen, 4]` take the place of classes and sources that count alike and of labels without doubt."""
    label, source, rows = films.label[chosen], films.source[chosen], copies[:, chosen]
    directions = heads.source_directions(rows[0], label, source) if settings.nuisance else None
    weights = dataset.sample_weights(label, source) if weights is None else weights
    target = heads.softened(label, settings.softening) if target is None else target
    features, count = rows.reshape(len(copies) * len(chosen), -1), len(copies)
    return heads.fit(features, np.tile(target, (count, 1)), np.tile(weights, count), settings, directions)


def without_sources(films: Films, copies: np.ndarray, settings: heads.Settings) -> dict[tuple[str, bool], np.ndarray]:
    """Return what one network's head says of all films when fitted without each source (`outside.fitted_without`)."""
    return without_sources_by(films, copies, lambda chosen: fit(films, copies, chosen, settings))


def without_sources_by(
    films: Films, copies: np.ndarray, fitted: Callable[[np.ndarray], heads.Head]
) -> dict[tuple[str, bool], np.ndarray]:
    """Return the same of heads that are fitted in a way of their own, by the positions of films."""
    return outside.fitted_without(films, lambda chosen: heads.softmax(fitted(chosen).logits(copies[0])))


def macro_auroc(probabilities: np.ndarray, label: np.ndarray) -> float:
    """Return the mean over classes of the one-against-rest AUROC."""
    return float(np.mean([measures.auroc(probabilities[:, k], label == k) for k in range(probabilities.shape[1])]))


def train(paths: Paths) -> None:
    """Fit the heads of all networks; skip what is already there."""
    films = dataset.read_films(paths.data)
    for network in networks.NETWORKS:
        target = paths.cache / "heads" / f"{network.name}.npz"
        if target.exists():
            continue
        target.parent.mkdir(exist_ok=True)
        centre = centre_of(pooled(paths, network, films), network, films)
        head = fit(films, load_copies(paths, network, films), films.where("train"), SETTINGS)
        np.savez(target, weights=head.weights, bias=head.bias, centre=centre)
        print(f"{network.name}: head on {network.features} features of the view {network.view}", flush=True)


def _stored(paths: Paths, network: networks.Network) -> dict[str, np.ndarray]:
    return np.load(paths.cache / "heads" / f"{network.name}.npz")


def read_head(paths: Paths, network: networks.Network) -> heads.Head:
    """Read a fitted head."""
    stored = _stored(paths, network)
    return heads.Head(stored["weights"], stored["bias"])


def read_centre(paths: Paths, network: networks.Network) -> np.ndarray:
    """Read the average film's channels `[E]` that go with a fitted head."""
    return _stored(paths, network)["centre"]
