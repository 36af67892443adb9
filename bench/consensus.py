"""Six-model consensus: Thorax beside the Python ways of doing the same, in one run.

    make bench        or        .cache/venv/bin/python bench/consensus.py --rounds 5 --runs 10

Every way runs in a process of its own, and rounds go A B C A B C, since a shared machine's speed drifts: compare within a row's
round, read the ratios. A ratio below 1 in the last columns means that Thorax is faster. The Python ways need the training
environment (`make -C training`, with PyTorch); without it their rows are left out and the table says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "target/release/examples/consensus_times"
LIBRARY = ROOT / ".cache/onnxruntime/libonnxruntime.so.1.32.0"
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
                self.rounds.append(json.loads(done.stdout.strip().splitlines()[-1]))

    def times(self) -> list[float]:
        return [one for made in self.rounds for one in made["milliseconds"]]

    def largest(self, key: str) -> float | None:
        values = [made[key] for made in self.rounds if made.get(key) is not None]
        return max(values, default=None)

    def median(self, key: str) -> float | None:
        values = [made[key] for made in self.rounds if made.get(key) is not None]
        return statistics.median(values) if values else None


def only_bundle() -> Path:
    bundles = sorted(path.parent for path in (ROOT / "models").glob("*/bundle.toml"))
    if len(bundles) != 1:
        sys.exit(f"models/ holds {len(bundles)} bundles; name one with --bundle")
    return bundles[0]


def thorax(options: argparse.Namespace, engine: str, *more: str) -> list[str]:
    command = [str(EXAMPLE), "--bundle", str(options.bundle), "--engine", engine, "--threads", str(options.threads)]
    if engine == "onnxruntime":
        command += ["--library", str(LIBRARY)]
    return [*command, *more, str(options.film)]


def ways(options: argparse.Namespace) -> tuple[list[Way], list[str]]:
    """The ways that this machine can go, and what is missing for the others."""
    runs = ("--runs", str(options.runs))
    found, missing = [], []
    engines = ["rten"]
    if LIBRARY.is_file():
        engines.insert(0, "onnxruntime")
    else:
        missing.append("no ONNX Runtime library: scripts/onnxruntime.sh .cache/onnxruntime")
    for engine in engines:
        found += [
            Way(f"Thorax {engine}, resident", thorax(options, engine, *runs)),
            Way(f"Thorax {engine}, budget of one net", thorax(options, engine, "--one-at-a-time", *runs)),
            Way(f"Thorax {engine}, 16 in flight", thorax(options, engine, "--in-flight", "16", "--runs", "48")),
        ]
    if options.python.is_file():
        for name, mode in PYTHON_WAYS.items():
            command = [str(options.python), "-m", "thorax_training", "baseline", "--mode", mode]
            command += ["--threads", str(options.threads), *runs, "--film", str(options.film)]
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
        several = "in flight" in way.name
        cells = [
            "-" if several else number(statistics.median(times), 1),
            "-" if several else number(min(times), 1),
            number(way.median("cold_start_ms")),
            number(way.median("images_per_second"), 2),
            number(way.largest("peak_rss_mib")),
            *("-" if several else ratio(way, base) for base in bases),
        ]
        print(f"| {way.name} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="default: the only one in models/")
    parser.add_argument("--film", type=Path, default=ROOT / "samples/normal-1.jpeg")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=8, help="timed readings of each way in each round")
    parser.add_argument("--python", type=Path, default=TRAINING, help="interpreter of the training environment")
    options = parser.parse_args()
    options.bundle = (options.bundle or only_bundle()).resolve()
    options.film = options.film.resolve()
    if not EXAMPLE.is_file():
        sys.exit("first: cargo build --release --package thorax-server --examples")
    found, missing = ways(options)
    for made in range(options.rounds):
        for way in found:
            print(f"round {made + 1} of {options.rounds}: {way.name}", file=sys.stderr)
            way.run()
    print(f"\n{os.cpu_count()} cores, {options.threads} threads, {options.rounds} rounds of {options.runs} readings of")
    print(f"{options.film.name}; from the file's bytes to the consensus, batch 1.\n")
    table(found)
    for line in missing:
        print(f"\n{line}")


if __name__ == "__main__":
    main()
