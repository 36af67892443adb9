"""`train`: one head per network. Settings are chosen by leaving sources out and on val; the test split is not read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from thorax_training import dataset, features, heads, lungs, measures, networks, outside
from thorax_training.dataset import Films
from thorax_training.paths import Paths

GRID = tuple(heads.Settings(penalty) for penalty in (0.003, 0.02, 0.1))
USE_VARIED = False
"""Varied copies were tried on EfficientNet-Lite0 and did worse on left-out sources (0.703 against 0.718)."""
LUNG_FILMS = 700
LUNGS_NETWORK = "dinov2-vits14"


@dataclass(frozen=True)
class Features:
    """Features of one network: of the clean films, and of varied copies of train films."""

    clean: np.ndarray
    available: np.ndarray
    varied: np.ndarray
    varied_of: np.ndarray
    """Position of the film that each varied copy was made from."""


def load(paths: Paths, network: networks.Network, films: Films) -> Features:
    """Load what has been extracted so far."""
    store = features.Store(paths.features, network, "clean")
    available = np.zeros(len(films), bool)
    available[features.order_of(len(films))[: store.done]] = True
    train = films.where("train")
    copies = features.Store(paths.features, network, "varied")
    if not (USE_VARIED and copies.done):
        empty = np.empty((0, network.embedding), np.float32)
        return Features(np.array(store.mean(len(films))), available, empty, np.empty(0, int))
    done = features.order_of(len(train))[: copies.done]
    return Features(np.array(store.mean(len(films))), available, np.array(copies.mean(len(train)))[done], train[done])


def fit(films: Films, values: Features, chosen: np.ndarray, settings: heads.Settings) -> heads.Head:
    """Fit a head on some films and their varied copies."""
    chosen = chosen[values.available[chosen]]
    copies = np.isin(values.varied_of, chosen)
    rows = np.concatenate([values.clean[chosen], values.varied[copies]])
    origin = np.concatenate([chosen, values.varied_of[copies]])
    label, source = films.label[origin], films.source[origin]
    directions = heads.source_directions(rows, label, source) if settings.nuisance else None
    return heads.fit(rows, label, dataset.sample_weights(label, source), settings, directions)


def leave_sources_out(films: Films, values: Features, settings: heads.Settings, with_test: bool) -> dict:
    """Leave-one-source-out AUROCs of one network's head."""

    def predict(train: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        head = fit(films, values, train, settings)
        return heads.softmax(head.logits(values.clean[wanted]))[:, outside.COVID]

    return outside.leave_one_source_out(films, predict, with_test)


def macro_auroc(probabilities: np.ndarray, label: np.ndarray) -> float:
    """Return the mean over classes of the one-against-rest AUROC."""
    return float(np.mean([measures.auroc(probabilities[:, k], label == k) for k in range(probabilities.shape[1])]))


def choose(films: Films, values: Features) -> tuple[heads.Settings, list[dict]]:
    """Choose settings by the mean of outside AUROC and macro AUROC on val; return them with the whole table."""
    val, table = films.where("val"), []
    for settings in GRID:
        left_out = leave_sources_out(films, values, settings, with_test=False)
        head = fit(films, values, films.where("train"), settings)
        inside = macro_auroc(heads.softmax(head.logits(values.clean[val])), films.label[val])
        score = (outside.mean_of(left_out) + inside) / 2
        table.append(
            {
                **asdict(settings),
                "outside": outside.mean_of(left_out),
                "val_macro_auroc": inside,
                "score": score,
                "left_out": left_out,
            }
        )
    best = max(range(len(GRID)), key=lambda i: table[i]["score"])
    return GRID[best], table


def train(paths: Paths) -> None:
    """Fit the heads of all networks and the lung probe; skip what is already there."""
    films = dataset.read_films(paths.data)
    for network in networks.NETWORKS:
        target = paths.cache / "heads" / f"{network.name}.npz"
        if target.exists():
            continue
        target.parent.mkdir(exist_ok=True)
        values = load(paths, network, films)
        settings, table = choose(films, values)
        head = fit(films, values, films.where("train"), settings)
        np.savez(target, weights=head.weights, bias=head.bias)
        target.with_suffix(".json").write_text(json.dumps({**asdict(settings), "table": table}, indent=1))
        best = max(table, key=lambda row: row["score"])
        print(
            f"{network.name}: {settings}, outside {best['outside']:.3f}, val {best['val_macro_auroc']:.3f}", flush=True
        )
    if not (paths.cache / "heads" / "lungs.npz").exists():
        train_lungs(paths, films)


def read_head(paths: Paths, network: networks.Network) -> heads.Head:
    """Read a fitted head."""
    stored = np.load(paths.cache / "heads" / f"{network.name}.npz")
    return heads.Head(stored["weights"], stored["bias"])


def train_lungs(paths: Paths, films: Films) -> None:
    """Fit the lung probe on train films and measure it on val and test films."""
    network = networks.BY_NAME[LUNGS_NETWORK]
    store = features.Store(paths.features, network, "clean")
    grid = store.grid(len(films))
    done = features.order_of(len(films))[: store.done]
    target = lungs.cell_probabilities(lungs.read_maps(paths.data), network.grid)
    train = np.sort(done[films.split[done] == "train"][:LUNG_FILMS])
    weights, bias = lungs.fit_probe(*_cells(grid, target, train))
    report = {}
    for split in ("val", "test"):
        wanted = np.sort(done[films.split[done] == split][:200])
        tokens, truth = _cells(grid, target, wanted)
        report[split] = {**lungs.agreement(lungs.predict(tokens, weights, bias), truth), "films": len(wanted)}
    np.savez(paths.cache / "heads" / "lungs.npz", weights=weights, bias=bias)
    (paths.metrics / "lungs.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"lungs: {report}", flush=True)


def _cells(grid: np.ndarray, target: np.ndarray, films: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.asarray(grid[films]).astype(np.float32)
    tokens = chosen.transpose(0, 2, 3, 1).reshape(-1, chosen.shape[1])
    return tokens, target[films].reshape(-1)
