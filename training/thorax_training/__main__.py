"""Command line: `python -m thorax_training <stage>`. Stages keep what they have done and go on from there."""

from __future__ import annotations

import argparse
import importlib

from threadpoolctl import threadpool_limits

from thorax_training.paths import Paths

ACTIONS = {
    "fetch": ("prepare", "prepare"),
    "locate": ("locator", "run"),
    "features": ("features", "run"),
    "train": ("train", "train"),
    "calibrate": ("calibrate", "calibrate"),
    "gate": ("gate_stage", "run"),
    "storage": ("storage_cost", "measure"),
    "recipe": ("recipe_choice", "measure"),
    "views": ("views", "measure"),
    "weighting": ("weighting", "measure"),
    "explain": ("explain", "measure"),
    "evaluate": ("evaluate", "evaluate"),
    "labels": ("labels", "measure"),
    "export": ("export", "export"),
    "precision": ("precision", "measure"),
    "card": ("card", "write"),
    "tune": ("tuning.stage", "measure"),
}
"""By stage, which module does it and with which function."""

STAGES = tuple(stage for stage in ACTIONS if stage != "tune")
"""What `all` runs, in this order."""


def run(stage: str, paths: Paths) -> None:
    """Run one stage."""
    module, action = ACTIONS[stage]
    # Imported here, so that a stage needs only its own packages: `precision` and `card`, for two, do without torch.
    act = getattr(importlib.import_module(f"thorax_training.{module}"), action)
    # Small matrices: several BLAS threads wait for each other more than they work.
    with threadpool_limits(limits=1, user_api="blas"):
        act(paths)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="thorax_training", description=__doc__)
    parser.add_argument("stage", choices=(*STAGES, "tune", "all", "baseline"))
    parser.add_argument("--data", help="folder of the films; default ../shared/data beside the repository")
    parser.add_argument("--bundle", default="two-views", help="id of the bundle, a folder under models/")
    parser.add_argument("--mode", choices=("eager-load-drop", "eager-resident", "ort-resident"), help="baseline only")
    parser.add_argument("--threads", type=int, default=2, help="baseline only")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="baseline only: PyTorch's device")
    parser.add_argument("--autocast", action="store_true", help="baseline only: let PyTorch compute in fp16")
    parser.add_argument("--runs", type=int, default=5, help="baseline only")
    parser.add_argument("--film", help="baseline only: the film to read")
    arguments = parser.parse_args()
    paths = Paths.default(arguments.data, arguments.bundle).ensure()
    if arguments.stage == "baseline":
        from thorax_training import baseline

        way = baseline.Way(arguments.mode, arguments.threads, arguments.device, arguments.autocast)
        baseline.run(paths, way, arguments.runs, arguments.film)
        return
    for stage in STAGES if arguments.stage == "all" else (arguments.stage,):
        run(stage, paths)


if __name__ == "__main__":
    main()
