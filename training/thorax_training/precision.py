"""`precision`: what computing in a reduced precision costs against float32, on val, where one may choose by it, and on the
test split, where one may only look; and which precisions the bundle therefore allows for which network.

It measures the bundle that `export` wrote, with nothing else from earlier stages: its own views, locator and graphs.
Logits are kept in `.cache/precision` by a hash of what they are made of, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from thorax_training import calibrate, dataset, lungs, measures, outside, recipe, reduced, runners, train
from thorax_training.paths import Paths

SPLITS = ("val", "test")
BATCH = 4
LARGEST_LOSS = 0.005
"""Of val COVID AUROC, that an allowed precision may cost a network."""
LARGEST_CHANGE = 0.04
"""Part of the val films whose top class an allowed precision may change in a network, whose opinion is one of six."""
CONSENSUS_CHANGE = 0.02
"""The same for the consensus with every network in the fastest precision that it is allowed; more refuses the choice."""
SMALL = 10_000_000
"""Networks with fewer weights than this are cheap in float32, so more is asked of their reduced precisions:"""
LARGEST_STEP = 0.05
"""no probability of a val film may change by more than this."""
ENGINES = {"cpu": ("int8", "bf16"), "gpu": ("fp16",)}
"""What a kind of device computes in, fastest first, where the bundle allows it; everything else in float32."""


def _prepare(paths: Paths, content: dict, files: np.ndarray) -> tuple[dict[str, np.ndarray], list[lungs.Found]]:
    """Return, by view, the pictures of some films as the bundle's recipes and locator make them, `[n, 224, 224]`, and
    where their lungs are."""
    locate, found = lungs.open_locator(paths.bundle, content), []
    views = {view["name"]: tuple(view["recipe"]) for view in content["view"]}
    pictures = {name: [] for name in views}
    for file in files:
        film = recipe.read_film(paths.data / "xrays" / file)
        found.append(locate(film))
        for name, steps in views.items():
            pictures[name].append(recipe.to_pixels(film, steps, found[-1].lungs))
    return {name: np.stack(rows) for name, rows in pictures.items()}, found


class Measured:
    """Logits of some films in every precision, computed once and kept."""

    def __init__(self, paths: Paths, content: dict, films: dataset.Films) -> None:
        self._folder, self._bundle, self._content = paths.cache / "precision", paths.bundle, content
        self._folder.mkdir(parents=True, exist_ok=True)
        chosen = np.concatenate([films.where(split) for split in SPLITS])
        self._split, self.label = films.split[chosen], films.label[chosen]
        self._views = {view["name"]: tuple(view["recipe"]) for view in content["view"]}
        self._pictures, self._found = _prepare(paths, content, films.file[chosen])

    def where(self, split: str) -> np.ndarray:
        """Return the positions of a split's films."""
        return np.flatnonzero(self._split == split)

    def logits(self, network: dict, precision: str) -> np.ndarray:
        """Return `[films, 4]` logits of a network, from the cache if they are there."""
        cache = self._folder / f"{network['name']}.{self._made_of(network, precision)}.{precision}.npy"
        if not cache.exists():
            logits = self._run(runners.open_graph(self._bundle / network["file"], precision), network["view"])
            np.save(cache, logits)
            print(f"{network['name']}, {precision}: {len(logits)} films", flush=True)
        return np.load(cache)

    def _made_of(self, network: dict, precision: str) -> str:
        """Return a hash of all that logits are made of: graph, view, locator, and how the precision is computed."""
        view, locator = self._views[network["view"]], self._content["locator"]
        parts = [network["sha256"], view, locator["sha256"], locator["outside"], runners.GROUPS.get(precision)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def _run(self, run: runners.Run, view: str) -> np.ndarray:
        pictures, rows = self._pictures[view], []
        for start in range(0, len(pictures), BATCH):
            cam = run(recipe.normalize(pictures[start : start + BATCH], self._views[view]))[0]
            rows.append(lungs.logits(cam, self._found[start : start + BATCH], self._views[view], self._content))
        logits = np.concatenate(rows)
        if not np.isfinite(logits).all():
            raise ValueError("a network overflows in this precision")
        return logits


def row(probabilities: np.ndarray, f32: np.ndarray, label: np.ndarray) -> dict:
    """Return the figures of some probabilities and how far they are from those in float32."""
    return {
        "covid_auroc": measures.auroc(probabilities[:, outside.COVID], label == outside.COVID),
        "macro_auroc": train.macro_auroc(probabilities, label),
        "ece": measures.calibration_error(probabilities, label),
        "top_class_changes": int((probabilities.argmax(axis=1) != f32.argmax(axis=1)).sum()),
        "largest_probability_change": float(np.abs(probabilities - f32).max()),
        "films": len(label),
    }


def objection(val: dict, f32: dict, network: dict, gate: str) -> str | None:
    """Return all that speaks against computing a network in a precision, by its val figures, or None where it may."""
    lost, changes, step = (
        f32["covid_auroc"] - val["covid_auroc"],
        val["top_class_changes"],
        val["largest_probability_change"],
    )
    reasons = {
        "the gate decides by its embedding": network["name"] == gate,
        f"loses {lost:.4f} of COVID AUROC": lost > LARGEST_LOSS,
        f"{changes} of {val['films']} top classes change": changes > LARGEST_CHANGE * val["films"],
        f"a probability changes by {step:.2f}": network["parameters"] < SMALL and step > LARGEST_STEP,
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds) or None


def combination(allowed: dict[str, list[str]], offered: tuple[str, ...]) -> dict[str, str]:
    """Return, by network, the first of the offered precisions that is allowed for it, or f32."""
    return {name: next((one for one in offered if one in those), "f32") for name, those in allowed.items()}


def _stack(logits: dict[str, dict[str, np.ndarray]], chosen: dict[str, str]) -> np.ndarray:
    return np.stack([logits[name][precision] for name, precision in chosen.items()]).astype(np.float64)


def _splits(measured: Measured, logits: dict, mixed: dict[str, dict[str, str]], settings: dict) -> dict:
    """Return figures by split, combination of precisions, and network or ensemble; a network that stays f32 has no row."""
    report = {}
    for split in SPLITS:
        chosen, report[split] = measured.where(split), {}
        label = measured.label[chosen]
        told = {
            name: calibrate.consensus(_stack(logits, one)[:, chosen], settings)
            for name, one in {"f32": dict.fromkeys(logits, "f32"), **mixed}.items()
        }
        single, ensemble = told["f32"]
        for name, (networks, together) in told.items():
            rows = {
                one: row(networks[index], single[index], label)
                for index, one in enumerate(logits)
                if name == "f32" or mixed[name][one] == name
            }
            report[split][name] = {**rows, "ensemble": row(together, ensemble, label)}
    return report


def _golden(paths: Paths, content: dict) -> Iterator[tuple[dict, dict[str, np.ndarray], lungs.Found]]:
    """Yield each golden film's entry with its pictures by view, as the networks read them, and where its lungs are."""
    locate, views = lungs.open_locator(paths.bundle, content), {view["name"]: tuple(view["recipe"]) for view in content["view"]}
    for film in json.loads((paths.bundle / content["golden"]["file"]).read_text())["films"]:
        images = {}
        for name, pixels in film["pixels"].items():
            picture = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(recipe.SIDE, recipe.SIDE)
            images[name] = recipe.normalize(picture, views[name])
        yield film, images, locate(recipe.read_film(paths.bundle / film["file"]))


def _apart(golden: dict, outputs: tuple[np.ndarray, ...], logits: np.ndarray) -> float:
    """Return how far one network is from its golden values, as the program measures it."""
    cam, embedding = (one[0] for one in outputs)
    length = np.linalg.norm(embedding) / golden["embedding_norm"]
    parts = [logits - golden["logits"], cam.mean(axis=(1, 2)) - golden["cam_mean"], [length - 1.0]]
    return float(max(np.abs(part).max() for part in parts))


def hold(split: dict, engines: Iterable[str]) -> None:
    """Refuse a choice with which the consensus changes its mind too often on a split."""
    for engine in engines:
        told = split[engine]["ensemble"]
        if told["top_class_changes"] > CONSENSUS_CHANGE * told["films"]:
            raise ValueError(
                f"{engine}: the consensus changes {told['top_class_changes']} of {told['films']} top classes"
            )


def drift(paths: Paths, content: dict, allowed: dict[str, list[str]]) -> dict:
    """Return how far golden values move: the logits of each network, the probabilities of each combination of them."""
    by_network, by_engine = {network["name"]: {} for network in content["network"]}, {}
    films, golden_logits = list(_golden(paths, content)), {}
    views = {view["name"]: tuple(view["recipe"]) for view in content["view"]}
    for network in content["network"]:
        name, view = network["name"], network["view"]
        for precision in ("f32", *allowed[name]):
            run = runners.open_graph(paths.bundle / network["file"], precision)
            told = [run(images[view]) for _, images, _ in films]
            logits = [lungs.logits(one[0], [found], views[view], content) for one, (_, _, found) in zip(told, films, strict=True)]
            golden_logits.setdefault(name, {})[precision] = np.concatenate(logits)
            golden = [film["networks"][name] for film, _, _ in films]
            apart = [_apart(one, out, said[0]) for one, out, said in zip(golden, told, logits, strict=True)]
            by_network[name][precision] = max(apart)
    expected = np.array([film["probabilities"] for film, _, _ in films])
    for engine, offered in _offers():
        stack = _stack(golden_logits, combination(allowed, offered))
        probabilities = calibrate.consensus(stack, reduced.settings_of(content))[1]
        by_engine[engine] = max(by_engine.get(engine, 0.0), float(np.abs(probabilities - expected).max()))
    return {"networks": by_network, "ensemble": by_engine}


def _offers() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every set of precisions that a kind of device may have: an older processor lacks the fastest."""
    for engine, offered in ENGINES.items():
        yield from (
            (engine, one) for size in range(1, len(offered) + 1) for one in itertools.combinations(offered, size)
        )


def choose(content: dict, val: dict) -> dict[str, dict]:
    """Return, by network, its hash, the precisions that val allows and why others are not."""
    result = {}
    for network in content["network"]:
        name = network["name"]
        tried = [one for one in runners.PRECISIONS if name in val[one]]
        against = {
            one: objection(val[one][name], val["f32"][name], network, content["gate"]["network"]) for one in tried
        }
        result[name] = {
            "sha256": network["sha256"],
            "reduced": [one for one in reduced.ORDER if one in against and against[one] is None],
            "left_out": {one: why for one, why in against.items() if why},
        }
    return result


def _tried(bundle: Path, content: dict) -> dict[str, dict[str, str]]:
    """Return, by precision, what each network is computed in when all that can are: int8 is bf16 without matrix products."""
    mixed = {precision: {} for precision in runners.PRECISIONS}
    for network in content["network"]:
        matrices = runners.has_matrix_products(bundle / network["file"])
        for precision, those in mixed.items():
            those[network["name"]] = "bf16" if precision == "int8" and not matrices else precision
    return mixed


def measure(paths: Paths) -> None:
    """Write metrics/precision.json and what follows from it into the bundle."""
    content = tomllib.loads((paths.bundle / "bundle.toml").read_text())
    tried, settings = _tried(paths.bundle, content), reduced.settings_of(content)
    measured = Measured(paths, content, dataset.read_films(paths.data))
    logits = {
        network["name"]: {
            precision: measured.logits(network, precision)
            for precision in ("f32", *runners.PRECISIONS)
            if precision == "f32" or tried[precision][network["name"]] == precision
        }
        for network in content["network"]
    }
    choice = choose(content, _splits(measured, logits, tried, settings)["val"])
    allowed = {name: one["reduced"] for name, one in choice.items()}
    chosen = {engine: combination(allowed, offered) for engine, offered in ENGINES.items()}
    splits = _splits(measured, logits, {**tried, **chosen}, settings)
    hold(splits["val"], chosen)
    report = {
        "engines": runners.versions(),
        "rule": {
            "largest_loss": LARGEST_LOSS,
            "largest_change": LARGEST_CHANGE,
            "consensus_change": CONSENSUS_CHANGE,
            "small": SMALL,
            "largest_step": LARGEST_STEP,
        },
        "settings": settings,
        "networks": choice,
        "chosen": chosen,
        "golden": drift(paths, content, allowed),
        **splits,
    }
    (paths.metrics / "precision.json").write_text(json.dumps(report, indent=1) + "\n")
    for name, one in choice.items():
        print(name, one["reduced"], one["left_out"], flush=True)
    reduced.write(paths)
