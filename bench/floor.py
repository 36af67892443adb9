"""What the networks must cost at least on this machine, and what they cost: operations and bytes against the measured peak.

    make bench        or        .cache/venv/bin/python bench/floor.py

Multiply-adds, weights and intermediate results of each network are counted in its ONNX file, for one film. The peak is what
eight products of 1024 x 1024 matrices, one after the other, reach through the same engine in the same precision in their best pass: not
the data sheet's number, but what can be had here. In int8 only products by weights are, as in the program; the rest of such a network is
counted at bf16's peak. Memory is measured by copying 256 MiB. Each figure is for one thread, and for one of as many threads as there are cores, all at
work at the same time, as Thorax runs its networks: cores that share a unit, a cache or a clock are then slower each.

The floor is the longer of two times: of the multiply-adds at that peak, and of reading every weight once. Intermediate results may stay
in the caches, so that they are in no floor; what writing and reading each once would take is in a column of its own.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import subprocess
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference
from places import ONNXRUNTIME, OPENVINO, ROOT, only_bundle

EXAMPLE = ROOT / "target/release/examples/pass_times"
# Engine, library, precision: those whose library is missing are left out.
WAYS = [
    ("openvino", OPENVINO, "f32"),
    ("openvino", OPENVINO, "bf16"),
    ("openvino", OPENVINO, "int8"),
    ("onnxruntime", ONNXRUNTIME, "f32"),
    ("rten", None, "f32"),
]
# Steps that only give another shape to what is there.
VIEWS = {"Reshape", "Squeeze", "Unsqueeze", "Flatten"}
BYTES = {"f32": 4, "bf16": 2, "int8": 1}
SIDE = 1024
PRODUCTS = 8
COPIED = 256 << 20


@dataclass
class Work:
    """What a network does with one film."""

    name: str
    path: Path
    # What the bundle lets it be computed in beside f32.
    reduced: list[str]
    multiply_adds: int = 0
    # Of these, in products of a matrix by weights: what int8 is for.
    by_weights: int = 0
    weights: int = 0
    # Values of all intermediate results together, each counted once.
    activations: int = 0


def count(name: str, path: Path, reduced: list[str]) -> Work:
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    constants = {one.name: list(one.dims) for one in graph.initializer}
    numbers = (TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8)
    work = Work(
        name, path, reduced, weights=sum(math.prod(one.dims) for one in graph.initializer if one.data_type in numbers)
    )
    shapes = dict(constants)
    for value in [*graph.input, *graph.value_info, *graph.output]:
        shapes[value.name] = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    known = set(constants)
    for node in graph.node:
        if all(one in known for one in node.input if one):
            # Made of constants alone, as a weight that is stored as int8: no work per film.
            known.update(node.output)
            continue
        made = math.prod(shapes[node.output[0]])
        if made == 0 and node.op_type in ("Conv", "Gemm", "MatMul"):
            raise SystemExit(f"{name}: the shape of {node.output[0]} is not known")
        if node.op_type not in VIEWS:
            work.activations += sum(math.prod(shapes.get(one, [0])) for one in node.output)
        if node.op_type == "Conv":
            work.multiply_adds += made * math.prod(shapes[node.input[1]][1:])
        elif node.op_type == "MatMul":
            work.multiply_adds += made * shapes[node.input[0]][-1]
            work.by_weights += made * shapes[node.input[0]][-1] if node.input[1] in known else 0
        elif node.op_type == "Gemm":
            turned = any(one.name == "transA" and one.i for one in node.attribute)
            work.multiply_adds += made * shapes[node.input[0]][0 if turned else 1]
    return work


def product(path: Path, as_int8: bool) -> None:
    """A graph that multiplies its film, 1024 x 1024, with a matrix again and again; the size of the numbers stays. The matrix is stored in
    f32, or as a bundle stores weights for int8: engines go by that."""
    rng = np.random.default_rng(1)
    film = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])
    out = helper.make_tensor_value_info("product", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])
    values = rng.integers(-127, 128, (SIDE, SIDE)).astype(np.int8)
    scale = np.full(SIDE, 1 / (73 * math.sqrt(SIDE)), np.float32)
    if as_int8:
        stored = {"matrix_int8": values, "matrix_scale": scale, "matrix_zero": np.zeros(SIDE, np.int8)}
        nodes = [helper.make_node("DequantizeLinear", list(stored), ["matrix"], axis=1)]
    else:
        stored, nodes = {"matrix": values * scale}, []
    names = ["image", *(f"product-{made}" for made in range(1, PRODUCTS)), "product"]
    nodes += [helper.make_node("MatMul", [one, "matrix"], [next_one]) for one, next_one in itertools.pairwise(names)]
    constants = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "product", [film], [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


@dataclass
class Passes:
    """A way of running a graph on so many threads at the same time, one pass on each."""

    example: Path
    engine: str
    # The engine's; none for the one that is part of the program.
    shared_object: Path | None
    precision: str
    threads: int

    def peak(self, folder: Path) -> float:
        """Multiply-adds a second of one thread, on the products that `product` wrote there."""
        graph = folder / f"product-{'int8' if self.precision == 'int8' else 'f32'}.onnx"
        return PRODUCTS * SIDE**3 / self.milliseconds(graph, "product", SIDE)[0] * 1e3

    def milliseconds(self, graph: Path, output: str, side: int) -> tuple[float, float]:
        """The best pass and the median one."""
        command = [
            self.example,
            self.engine,
            self.shared_object or "-",
            self.precision,
            self.threads,
            output,
            side,
            graph,
        ]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{self.engine}: {done.stderr.strip()}")
        best, median = done.stdout.split()
        return float(best), float(median)


def bandwidth(threads: int) -> float:
    """Bytes a second that one of so many threads reads and writes, all copying at the same time."""
    pairs = [(np.ones(COPIED, np.uint8), np.empty(COPIED, np.uint8)) for _ in range(threads)]
    best = [math.inf] * threads

    def copy(index: int) -> None:
        source, target = pairs[index]
        for _ in range(8):
            start = time.perf_counter()
            np.copyto(target, source)
            best[index] = min(best[index], time.perf_counter() - start)

    running = [threading.Thread(target=copy, args=(index,)) for index in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return 2 * COPIED / max(best)


def networks(bundle: Path) -> list[Work]:
    manifest = tomllib.loads((bundle / "bundle.toml").read_text())
    return [count(one["name"], bundle / one["file"], one.get("reduced", [])) for one in manifest["network"]]


def print_work(works: list[Work]) -> None:
    print("| network | million multiply-adds | million weights | MiB f32 | MiB bf16 | MiB int8 | MiB of results, f32 |")
    print("|---|" + "---:|" * 6)
    for work in works:
        sizes = " | ".join(f"{work.weights * one / (1 << 20):.1f}" for one in BYTES.values())
        results = work.activations * 4 / (1 << 20)
        print(f"| {work.name} | {work.multiply_adds / 1e6:,.0f} | {work.weights / 1e6:.2f} | {sizes} | {results:.1f} |")
    print()


def print_floors(works: list[Work], passes: Passes, folder: Path) -> None:
    threads, peak = passes.threads, passes.peak(folder)
    rest_peak = replace(passes, precision="bf16").peak(folder) if passes.precision == "int8" else peak
    if passes.precision == "int8":
        works = [work for work in works if "int8" in work.reduced]
    speed = bandwidth(threads)
    head = "one thread" if threads == 1 else f"each of {threads} threads"
    print(f"{passes.engine}, {passes.precision}, {head}: {2 * peak / 1e9:.0f} GFLOP/s, {speed / 1e9:.1f} GB/s\n")
    print("| network | operations ms | weights ms | results ms | floor ms | measured ms | measured / floor |")
    print("|---|" + "---:|" * 6)
    sums = [0.0, 0.0]
    for work in works:
        size = BYTES[passes.precision]
        operations = (work.by_weights / peak + (work.multiply_adds - work.by_weights) / rest_peak) * 1e3
        weights = work.weights * size / speed * 1e3
        results = 2 * work.activations * size / speed * 1e3
        floor = max(operations, weights)
        _, measured = passes.milliseconds(work.path, "cam", 224)
        sums = [sums[0] + floor, sums[1] + measured]
        figures = f"{operations:.2f} | {weights:.2f} | {results:.2f} | {floor:.2f} | {measured:.2f}"
        print(f"| {work.name} | {figures} | {measured / floor:.2f} |", flush=True)
    print(f"| together | | | | {sums[0]:.2f} | {sums[1]:.2f} | {sums[1] / sums[0]:.2f} |\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="default: the only one in models/")
    parser.add_argument("--example", type=Path, default=EXAMPLE, help="the program that times passes")
    options = parser.parse_args()
    if not options.example.is_file():
        raise SystemExit("first: cargo build --release --package thorax-inference --examples")
    works = networks(options.bundle or only_bundle())
    print_work(works)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stored in ("f32", "int8"):
            product(folder / f"product-{stored}.onnx", stored == "int8")
        for way in WAYS:
            if way[1] is not None and not way[1].is_file():
                print(f"no library of {way[0]}: scripts/engines.sh .cache/engines\n")
                continue
            for threads in sorted({1, os.cpu_count() or 1}):
                print_floors(works, Passes(options.example, *way, threads), folder)


if __name__ == "__main__":
    main()
