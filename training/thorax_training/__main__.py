"""Command line: `python -m thorax_training <stage>`. Stages keep what they have done and go on from there."""

from __future__ import annotations

import argparse

from threadpoolctl import threadpool_limits

from thorax_training.paths import Paths

STAGES = (
    "fetch",
    "locate",
    "features",
    "train",
    "calibrate",
    "gate",
    "storage",
    "recipe",
    "views",
    "explain",
    "evaluate",
    "export",
    "card",
)


def _features(paths: Paths) -> None:
    from thorax_training import dataset, features, networks, recipe

    films = dataset.read_films(paths.data)
    for view, steps in recipe.VIEWS.items():
        stack = dataset.pixels(films, paths.data, steps, paths.cache)
        for network in networks.NETWORKS:
            features.extract(paths, network, view, stack)


def run(stage: str, paths: Paths) -> None:
    """Run one stage."""
    from thorax_training import (
        calibrate,
        card,
        evaluate,
        explain,
        export,
        gate_stage,
        locator,
        prepare,
        recipe_choice,
        storage_cost,
        train,
        tune,
        views,
    )

    actions = {
        "fetch": prepare.prepare,
        "locate": locator.run,
        "features": _features,
        "train": train.train,
        "calibrate": calibrate.calibrate,
        "gate": gate_stage.run,
        "storage": storage_cost.measure,
        "recipe": recipe_choice.measure,
        "views": views.measure,
        "tune": tune.measure,
        "explain": explain.measure,
        "evaluate": evaluate.evaluate,
        "export": export.export,
        "card": card.write,
    }
    # Small matrices: several BLAS threads wait for each other more than they work.
    with threadpool_limits(limits=1, user_api="blas"):
        actions[stage](paths)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="thorax_training", description=__doc__)
    parser.add_argument("stage", choices=(*STAGES, "tune", "all", "baseline"))
    parser.add_argument("--data", help="folder of the films; default ../shared/data beside the repository")
    parser.add_argument("--bundle", default="two-views", help="id of the bundle, a folder under models/")
    parser.add_argument("--mode", choices=("eager-load-drop", "eager-resident", "ort-resident"), help="baseline only")
    parser.add_argument("--threads", type=int, default=2, help="baseline only")
    parser.add_argument("--runs", type=int, default=5, help="baseline only")
    parser.add_argument("--film", help="baseline only: the film to read")
    arguments = parser.parse_args()
    paths = Paths.default(arguments.data, arguments.bundle).ensure()
    if arguments.stage == "baseline":
        from thorax_training import baseline

        baseline.run(paths, arguments.mode, arguments.threads, arguments.runs, arguments.film)
        return
    for stage in STAGES if arguments.stage == "all" else (arguments.stage,):
        run(stage, paths)


if __name__ == "__main__":
    main()
