"""Six-model consensus: Thorax beside the Python ways of doing the same, in one run.

    make bench        or        .cache/venv/bin/python bench/consensus.py --rounds 5 --runs 10

Every way runs in a process of its own, and rounds go A B C A B C, since a shared machine's speed drifts: compare within a row's
round, read the ratios. A ratio below 1 in the last columns means that Thorax is faster. The Python ways need the training
environment (`make -C training`, with PyTorch); without it their rows are left out and the table says so. The second table, films a
second against the batch size, is of Thorax alone, one run an engine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from places import ONNXRUNTIME, OPENVINO, ROOT, only_bundle

PROGRAM = ROOT / "target/release/thorax"
# Name in the table, the engine, its library, the numbers to compute in. The library is looked for; rten is part of the program.
THORAX_WAYS = [
    ("OpenVINO", "openvino", OPENVINO, "auto"),
    ("OpenVINO in f32", "openvino", OPENVINO, "f32"),
    ("ONNX Runtime", "onnxruntime", ONNXRUNTIME, "auto"),
    ("rten", "rten", None, "auto"),
]
TRAINING = ROOT / "training/.venv/bin/python"
PYTHON_WAYS = {
    "PyTorch eager, load and drop each": "eager-load-drop",
    "PyTorch eager, resident": "eager-resident",
    "ONNX Runtime from Python, resident": "ort-resident",
}
SEED_WAY = "PyTorch eager, load and drop each"


@dataclass
class Way:
    """One way of getting a consensus: its command, and what its rounds gave."""

    name: str
    command: list[str]
    folder: Path = ROOT
    rounds: list[dict] = field(default_factory=list)
    failure: str | None = None

    def run(self) -> None:
        if self.failure is None:
            done = subprocess.run(self.command, cwd=self.folder, capture_output=True, text=True, check=False)
            if done.returncode:
                lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
                # Rust says what went wrong first, Python last.
                self.failure = next((line for line in lines if line.startswith("Error")), lines[-1])
            else:
                self.rounds.append(figures(json.loads(done.stdout.strip().splitlines()[-1])))

    def times(self) -> list[float]:
        return [one for made in self.rounds for one in made["milliseconds"]]

    def largest(self, key: str) -> float | None:
        values = [made[key] for made in self.rounds if made.get(key) is not None]
        return max(values, default=None)

    def median(self, key: str) -> float | None:
        values = [made[key] for made in self.rounds if made.get(key) is not None]
        return statistics.median(values) if values else None


def figures(made: dict) -> dict:
    """The table's figures of what a way printed; `thorax bench` has words of its own."""
    if "one_at_a_time" not in made:
        return made
    one = made["one_at_a_time"]
    process = made["memory"]["process"]
    return {
        "milliseconds": one["milliseconds"],
        "cold_start_ms": made["first_result"],
        "images_per_second": one["films_per_second"],
        "peak_rss_mib": process and process >> 20,
    }


def thorax(options: argparse.Namespace, way: tuple[str, str, Path | None, str], *more: str) -> list[str]:
    _, engine, library, precision = way
    command = [str(PROGRAM), "bench", "--json", "--bundle", str(options.bundle), "--threads", str(options.threads)]
    command += ["--engine", engine, "--precision", precision]
    if library is not None:
        command += [f"--{engine}", str(library)]
    return [*command, *more, str(options.film)]


def engines() -> tuple[list[tuple[str, str, Path | None, str]], list[str]]:
    """Thorax's ways whose library is there, and what is missing for the others."""
    there = [way for way in THORAX_WAYS if way[2] is None or way[2].is_file()]
    missing = [f"no library for {way[0]}: scripts/engines.sh .cache/engines" for way in THORAX_WAYS if way not in there]
    return there, missing


def ways(options: argparse.Namespace) -> tuple[list[Way], list[str]]:
    """The ways that this machine can go, and what is missing for the others."""
    runs = ("--runs", str(options.runs), "--batches", "0")
    there, missing = engines()
    found = []
    for way in there:
        found += [
            Way(f"Thorax, {way[0]}, resident", thorax(options, way, *runs)),
            Way(f"Thorax, {way[0]}, budget of one net", thorax(options, way, "--one-at-a-time", *runs)),
        ]
    if options.python.is_file():
        for name, mode in PYTHON_WAYS.items():
            command = [str(options.python), "-m", "thorax_training", "baseline", "--mode", mode]
            command += ["--threads", str(options.threads), "--runs", str(options.runs), "--film", str(options.film)]
            found.append(Way(name, command, ROOT / "training"))
    else:
        missing.append("no training environment with PyTorch: the Python rows are left out")
    return found, missing


def ratio(way: Way, base: Way | None) -> str:
    """Median over rounds of the ratio of medians taken within a round."""
    if base is None or not way.rounds or not base.rounds:
        return "-"
    pairs = zip(way.rounds, base.rounds, strict=False)
    inside = [statistics.median(one["milliseconds"]) / statistics.median(two["milliseconds"]) for one, two in pairs]
    return f"{statistics.median(inside):.2f}"


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def table(found: list[Way]) -> None:
    by_name = {way.name: way for way in found}
    bases = [by_name.get(name) for name in PYTHON_WAYS]
    heads = ["median ms", "min ms", "cold ms", "films/s", "peak MiB", "/ load+drop", "/ eager", "/ ort py"]
    print("| way | " + " | ".join(heads) + " |")
    print("|---|" + "---:|" * len(heads))
    for way in found:
        if way.failure:
            print(f"| {way.name} | failed: {way.failure} |" + " |" * (len(heads) - 1))
            continue
        times = way.times()
        cells = [
            number(statistics.median(times), 1),
            number(min(times), 1),
            number(way.median("cold_start_ms")),
            number(way.median("images_per_second"), 2),
            number(way.largest("peak_rss_mib")),
            *(ratio(way, base) for base in bases),
        ]
        print(f"| {way.name} | " + " | ".join(cells) + " |")


def throughput(options: argparse.Namespace) -> None:
    """Films a second by batch size, one row an engine; the last run draws them all where that is asked for."""
    sizes = [str(one) for one in options.batches]
    print(f"\n| films a second in batches of | {' | '.join(sizes)} | peak MiB of the last |")
    print("|---|" + "---:|" * (len(sizes) + 1))
    there, _ = engines()
    with tempfile.TemporaryDirectory() as folder:
        beside: list[str] = []
        for place, way in enumerate(there):
            print(f"films a second: {way[0]}", file=sys.stderr)
            more = ["--runs", "32", "--batches", ",".join(sizes)]
            if options.svg and place == len(there) - 1:
                more += ["--svg", str(options.svg.resolve()), *beside]
            done = subprocess.run(thorax(options, way, *more), cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"| {way[0]} | failed: {done.stderr.strip().splitlines()[-1]} |" + " |" * len(sizes))
                continue
            file = Path(folder) / f"{place}.json"
            file.write_text(done.stdout)
            beside += ["--beside", str(file)]
            points = json.loads(done.stdout)["throughput"]
            cells = [number(point["films_per_second"], 2) for point in points]
            process = points[-1]["process"]
            print(f"| {way[0]} | {' | '.join(cells)} | {number(process and process / (1 << 20))} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="default: the only one in models/")
    parser.add_argument("--film", type=Path, default=ROOT / "samples/normal-1.jpeg")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=8, help="timed readings of each way in each round")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="batch sizes of the second table"
    )
    parser.add_argument("--svg", type=Path, help="draw the second table into this file, as docs/throughput.svg")
    parser.add_argument("--python", type=Path, default=TRAINING, help="interpreter of the training environment")
    options = parser.parse_args()
    options.bundle = (options.bundle or only_bundle()).resolve()
    options.film = options.film.resolve()
    if not PROGRAM.is_file():
        sys.exit("first: cargo build --release --package thorax-server")
    found, missing = ways(options)
    for made in range(options.rounds):
        for way in found:
            print(f"round {made + 1} of {options.rounds}: {way.name}", file=sys.stderr)
            way.run()
    print(f"\n{os.cpu_count()} cores, {options.threads} threads, {options.rounds} rounds of {options.runs} readings of")
    print(f"{options.film.name}; from the file's bytes to the consensus, batch 1.\n")
    table(found)
    throughput(options)
    for line in missing:
        print(f"\n{line}")


if __name__ == "__main__":
    main()
