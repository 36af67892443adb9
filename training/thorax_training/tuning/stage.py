"""`tune`: whether training all layers helps on sources left out; what it gave so far is kept under `.cache/tuning`.

Ways against the source are compared on two cheap networks first. A graphics card is needed; without one, what is there already is
reported and the rest is left out.
"""

from __future__ import annotations

import json

import numpy as np
import torch

from thorax_training import dataset, networks, outside, recipe, train
from thorax_training.backbones import grey
from thorax_training.dataset import COVID_SOURCES, Films
from thorax_training.networks import Network
from thorax_training.paths import Paths
from thorax_training.tuning import fit, mixing, network, trial

CHEAP = ("efficientnet-lite0", "mobilenetv2")
SHORT = 150
"""Steps where ways are compared."""
PLAN = fit.Plan(160, mixing.WAYS["and films of a label mixed"])
CARD = "cuda"
WEIGHTS = dict(zip(trial.SHARES, ("frozen", "half way", "tuned"), strict=True))


def measure(paths: Paths) -> None:
    """Tune what is not there yet and write metrics/tuning.json."""
    films = dataset.read_films(paths.data)
    ways = [_rows(films, name, way, _ways(paths, films, name, way)) for way in mixing.WAYS for name in CHEAP]
    every = {of: _told(paths, films, of, PLAN, (trial.WHOLE, *COVID_SOURCES), of.name) for of in networks.NETWORKS}
    there = {of: told for of, told in every.items() if told}
    alone = [_rows(films, of.name, "", told) for of, told in there.items()]
    together = _rows(films, f"mean of these {len(there)}", "", _mean(list(there.values()))) if there else []
    steps = {"ways": SHORT, "networks": PLAN.steps}
    report = {"steps": steps, "ways": sum(ways, []), "networks": sum(alone, []) + together}
    for row in report["ways"] + report["networks"]:
        print(row, flush=True)
    (paths.metrics / "tuning.json").write_text(json.dumps(report, indent=1) + "\n")


def _ways(paths: Paths, films: Films, name: str, way: str) -> trial.Told:
    number = list(mixing.WAYS).index(way)
    plan = fit.Plan(SHORT, mixing.WAYS[way])
    return _told(paths, films, networks.BY_NAME[name], plan, COVID_SOURCES, f"{name}.way-{number}")


def _told(paths: Paths, films: Films, of: Network, plan: fit.Plan, folds: tuple[str, ...], stem: str) -> trial.Told:
    """Return what a trial tells, from the cache if it is there; nothing where there is no card to find out."""
    cache = paths.cache / "tuning" / f"{stem}.npz"
    if not cache.exists():
        if not torch.cuda.is_available():
            print(f"tune: no card, so {stem} is left out", flush=True)
            return {}
        module, _ = grey.build(of, paths.packages)
        pictures = dataset.pixels(films, paths.data, recipe.VIEWS[of.view], paths.cache)
        pictures = torch.from_numpy(np.array(pictures)).to(CARD)
        told = trial.run(of, network.as_stored(module), films, pictures, plan, folds)
        cache.parent.mkdir(exist_ok=True)
        np.savez(cache, **{f"{source}|{share}": values for (source, share), values in told.items()})
    stored = np.load(cache)
    keys = {name: name.split("|") for name in stored.files}
    return {(source, float(share)): stored[name] for name, (source, share) in keys.items()}


def _mean(told: list[trial.Told]) -> trial.Told:
    return {key: np.mean([one[key] for one in told], axis=0) for key in told[0]}


def _rows(films: Films, name: str, way: str, told: trial.Told) -> list[dict]:
    """Return one row for each share: areas by source, their mean, and on val where there was a fit on all films."""
    rows, val = [], films.where("val")
    for share, weights in WEIGHTS.items() if told else ():
        areas = trial.areas(films, {source: told[source, share] for source in COVID_SOURCES})
        row = {"network": name, "way": way, "weights": weights, "areas": areas, "outside": outside.mean_of(areas)}
        if (trial.WHOLE, share) in told:
            row["val_macro_auroc"] = train.macro_auroc(told[trial.WHOLE, share][val], films.label[val])
        rows.append(row)
    return rows
