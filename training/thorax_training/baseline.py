"""`baseline`: the same six networks from Python, to compare the program with. Prints one line of JSON."""

from __future__ import annotations

import gc
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from thorax_training import graphs, networks, packages, recipe
from thorax_training.heads import softmax
from thorax_training.paths import Paths


def _image(film: str) -> np.ndarray:
    """Prepare one view for all networks: less work than the program does, which also locates the lungs."""
    steps = recipe.VIEWS["whole"]
    return recipe.normalize(recipe.to_pixels(recipe.read_film(Path(film)), steps), steps)


def _states(paths: Paths) -> dict[str, Path]:
    """Write one file a network with its trained tensors, as a framework program would keep them."""
    import torch

    from thorax_training.backbones import grey

    files = {}
    for network in networks.NETWORKS:
        file = paths.cache / "baseline" / f"{network.name}.pt"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            for package in packages.ALL:
                packages.fetch(package, paths.packages)
            module, _ = grey.build(network, paths.packages)
            torch.save(module, file)
        files[network.name] = file
    return files


def _head(paths: Paths, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what weighs the mean in the head that ships, and its bias, out of the bundle's graph."""
    stored = {item.name: item for item in onnx.load(paths.bundle / f"{name}.onnx").graph.initializer}
    weights, bias = (numpy_helper.to_array(stored[item]) for item in ("head_weights", "head_bias"))
    return weights[: len(bias), :, 0, 0], bias


def _eager(paths: Paths, keep: bool, device: str, autocast: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Return a consensus by PyTorch on a device: networks kept, or each loaded, run and dropped."""
    import torch

    files = _states(paths)
    fitted = {name: _head(paths, name) for name in files}

    def load(name: str) -> torch.nn.Module:
        return torch.load(files[name], weights_only=False).eval().to(device)

    kept = {name: load(name) for name in files} if keep else {}

    def consensus(image: np.ndarray) -> np.ndarray:
        votes = []
        with torch.no_grad(), torch.autocast(device, torch.float16, enabled=autocast):
            for name in files:
                module = kept.get(name) or load(name)
                # The head's first columns read the last grid; the module gives no other, and loses nothing of its time by it.
                grid = module(torch.from_numpy(image).to(device))
                features = grid.float().mean(dim=(2, 3)).cpu().numpy()
                weights, bias = fitted[name]
                votes.append(softmax(features @ weights[:, : features.shape[1]].T + bias))
                if not keep:
                    del module
                    gc.collect()
                    if device == "cuda":
                        torch.cuda.empty_cache()
        return np.mean(votes, axis=0)

    return consensus


def _ort(paths: Paths, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    sessions = [graphs.session(paths.bundle / f"{n.name}.onnx", threads) for n in networks.NETWORKS]

    def consensus(image: np.ndarray) -> np.ndarray:
        return np.mean(
            [softmax(session.run(["cam"], {"image": image})[0].mean(axis=(2, 3))) for session in sessions], axis=0
        )

    return consensus


@dataclass(frozen=True)
class Way:
    """How the consensus is computed."""

    mode: str
    threads: int
    device: str
    autocast: bool


def run(paths: Paths, way: Way, runs: int, film: str) -> None:
    """Time `runs` films, each with decoding and recipe, after one that is not counted."""
    if way.mode == "ort-resident":
        consensus = _ort(paths, way.threads)
    else:
        import torch

        torch.set_num_threads(way.threads)
        consensus = _eager(paths, way.mode == "eager-resident", way.device, way.autocast)
    consensus(_image(film))
    milliseconds = []
    for _ in range(runs):
        started = time.perf_counter()
        consensus(_image(film))
        milliseconds.append(round((time.perf_counter() - started) * 1000, 2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"mode": way.mode, "milliseconds": milliseconds, "peak_rss_mib": round(peak, 1)}))
