"""`views`: what each step from the first bundle to this one gave on sources left out, and which network reads what.

The steps: heads on the last grid alone, heads on earlier layers too, directions between sources of a class held down,
cells weighed by the lung that they show and by their place, heads that learn from copies of the films, too, networks on the box
around the lungs, and each network on one of the two. Nothing here looks at the test split.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from thorax_training import augment, calibration, dataset, heads, networks, outside, recipe, train
from thorax_training.dataset import Films
from thorax_training.paths import Paths

PLAIN = replace(train.SETTINGS, nuisance=0.0)
OTHERS = (
    replace(train.SETTINGS, penalty=0.003),
    replace(train.SETTINGS, penalty=0.1),
    replace(train.SETTINGS, nuisance=3.0),
)
Told = dict[tuple[str, bool], np.ndarray]
"""What `outside.fitted_without` gives, and under ("", False) what a head fitted on all train films says."""


def told(films: Films, copies: np.ndarray, fit: Callable[[np.ndarray], heads.Head]) -> Told:
    """Return what the heads of one network say of all films that are fitted, by the positions of films, without each source and on
    all train films."""
    whole = heads.softmax(fit(films.where("train")).logits(copies[0]))
    return {**train.without_sources_by(films, copies, fit), ("", False): whole}


def _told(films: Films, copies: np.ndarray, settings: heads.Settings) -> Told:
    return told(films, copies, lambda chosen: train.fit(films, copies, chosen, settings))


def figures(films: Films, name: str, opinions: list[Told]) -> dict:
    """Return the figures of some heads together, pooled as the ensemble pools."""
    mean = {key: calibration.pool(np.stack([one[key] for one in opinions])) for key in opinions[0]}
    left_out, val = outside.leave_one_source_out(films, mean, with_test=False), films.where("val")
    kinds = {
        kind: float(np.mean([row[kind] for row in left_out.values() if kind in row])) for kind in left_out["ieee8023"]
    }
    return {
        "name": name,
        "passes": len(opinions),
        **kinds,
        "outside": outside.mean_of(left_out),
        "val_macro_auroc": train.macro_auroc(mean["", False][val], films.label[val]),
    }


def measure(paths: Paths) -> None:
    """Write metrics/views.json."""
    films, names = dataset.read_films(paths.data), [network.name for network in networks.NETWORKS]
    last, taps, down, lung, place, held = {}, {}, {}, {}, {}, {}
    alone, alike = {}, {}
    others: dict[heads.Settings, list[Told]] = {settings: [] for settings in OTHERS}
    for network in networks.NETWORKS:
        for view in recipe.VIEWS:
            copies = train.load_copies(paths, network, films, view)
            held[network.name, view] = _told(films, copies, train.SETTINGS)
            if view == "whole":
                mean = train.embedding(paths, network, films, view)[None]
                last[network.name] = _told(films, mean[:, :, : network.channels[0]], PLAIN)
                taps[network.name] = _told(films, mean, PLAIN)
                down[network.name] = _told(films, mean, train.SETTINGS)
                lung[network.name] = _told(films, copies[:1, :, : network.embedding], train.SETTINGS)
                place[network.name] = _told(films, copies[:1], train.SETTINGS)
            if view == network.view:
                alone[network.name] = _told(films, copies[:1], train.SETTINGS)
                means = [train.embedding(paths, network, films, view, copy) for copy in augment.COPIES]
                alike[network.name] = _told(films, np.stack(means), train.SETTINGS)
                for settings, told in others.items():
                    told.append(_told(films, copies, settings))
        print(f"views: {network.name} done", flush=True)
    steps = [
        figures(films, "whole film, last grid", list(last.values())),
        figures(films, "whole film, earlier layers too", list(taps.values())),
        figures(films, "whole film, directions between sources held down", list(down.values())),
        figures(films, "whole film, cells weighed by lung", list(lung.values())),
        figures(films, "whole film, cells weighed by place, too", list(place.values())),
        figures(films, "whole film, heads learn from copies, too", [held[name, "whole"] for name in names]),
        figures(films, "lungs", [held[name, "lungs"] for name in names]),
        figures(films, "both views of each network", list(held.values())),
        figures(films, "as in the bundle", [held[network.name, network.view] for network in networks.NETWORKS]),
        figures(films, "as in the bundle, but no copies", list(alone.values())),
        figures(films, "as in the bundle, but cells weighed alike", list(alike.values())),
    ]
    steps += [
        figures(films, f"as in the bundle, but penalty {one.penalty}, held down by {one.nuisance}", told)
        for one, told in others.items()
    ]
    single = [figures(films, f"{name}, {view}", [one]) for (name, view), one in held.items()]
    mixed = [
        {**figures(films, "", [held[pair] for pair in zip(names, views, strict=True)]), "views": views}
        for views in itertools.product(recipe.VIEWS, repeat=len(names))
    ]
    mixed.sort(key=lambda row: -row["outside"])
    report = {"steps": steps, "networks": single, "assignments": mixed}
    (paths.metrics / "views.json").write_text(json.dumps(report, indent=1) + "\n")
    for row in steps:
        print(row, flush=True)
