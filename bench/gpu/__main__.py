"""The tables of `bench/gpu.sh`: Thorax and PyTorch on one NVIDIA card, each way in a process of its own.

While a process runs, the card's used memory is asked for every 5 milliseconds through NVML; its growth over what was used before the
process started is the peak. Nothing else should run on the card meanwhile.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from meter import Meter

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "target/release/thorax"
BATCH = 16
BUDGETS = (8, 4, 2, 1)


@dataclass
class Measured:
    """What a process gave, or why it gave nothing, and the growth of the card's memory in MiB."""

    report: dict | None
    failure: str
    peak: float

    def milliseconds(self) -> float:
        one = self.report.get("one_at_a_time", self.report)
        return statistics.median(one["milliseconds"])

    def rate(self) -> str:
        """Films a second in the largest batches."""
        return f"{self.report['throughput'][-1]['films_per_second']:.1f}" if self.report else f"failed: {self.failure}"


def run(command: list[str], meter: Meter, folder: Path = ROOT) -> Measured:
    with meter.watching() as seen:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    peak = seen.growth / (1 << 20)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        return Measured(None, next((line for line in lines if line.startswith("Error")), lines[-1]), peak)
    return Measured(json.loads(done.stdout.strip().splitlines()[-1]), "", peak)


class Bench:
    """The ways of getting a consensus on this card."""

    def __init__(self, options: argparse.Namespace, cache: Path) -> None:
        self.options, self.cache = options, cache
        # What the bundle's golden values allow a probability to be off.
        tolerance = json.loads((options.bundle / "golden.json").read_text())["tolerance"]
        self.tolerance = {"f32": tolerance["probability"], "fp16": tolerance.get("reduced", tolerance)["probability"]}
        self.meter = Meter()
        self.wrong = 0

    def thorax(self, engine: str, *more: str) -> Measured:
        command = [str(PROGRAM), "bench", "--json", "--bundle", str(self.options.bundle), "--engine", engine]
        command += ["--onnxruntime", str(self.options.library), "--engine-cache", str(self.cache)]
        command += ["--threads", str(self.options.threads), *more, str(self.options.film)]
        return run(command, self.meter)

    def torch(self, mode: str, *more: str) -> Measured:
        command = [str(self.options.python), "-m", "thorax_training", "baseline", "--mode", mode, "--device", "cuda"]
        command += ["--runs", str(self.options.runs), "--film", str(self.options.film), *more]
        return run(command, self.meter, ROOT / "training")

    def off(self, measured: Measured, reference: Measured, precision: str) -> str:
        """Largest difference of a probability from the processor's."""
        given, wanted = measured.report["probabilities"], reference.report["probabilities"]
        largest = max(abs(one - other) for one, other in zip(given, wanted, strict=True))
        if largest <= self.tolerance[precision]:
            return f"{largest:.1e}"
        self.wrong += 1
        return f"{largest:.1e} TOO MUCH"

    def held(self, peak: float, budget: int) -> str:
        if 0 < peak <= budget * 1024:
            return "held"
        self.wrong += 1
        return "EXCEEDED" if peak else "NOT SEEN"

    def budgets(self, engine: str, reference: Measured) -> None:
        for budget in BUDGETS:
            budgeted = ("--memory-budget", f"{budget}GiB")
            alone = self.thorax(engine, *budgeted, "--batches", "0", "--runs", str(self.options.runs))
            if alone.report is None:
                print(f"| {engine} | {budget} GiB | failed: {alone.failure} |" + " |" * 8)
                self.wrong += 1
                continue
            precisions, memory = alone.report["precision"], alone.report["memory"]
            if engine == "tensorrt" and "fp16" not in precisions:
                self.wrong += 1
            many = self.thorax(engine, *budgeted, "--batches", str(BATCH), "--runs", "96")
            peak = max(alone.peak, many.peak)
            tolerance = "fp16" if "fp16" in precisions else "f32"
            cells = [
                precisions,
                f"{alone.milliseconds():.1f}",
                many.rate(),
                f"{peak:.0f}",
                f"{memory['device_peak'] >> 20}" if memory["device_peak"] else "-",
                f"{memory['networks'] >> 20}",
                self.held(peak, budget),
                str(memory["shortages"]),
                self.off(alone, reference, tolerance),
            ]
            print(f"| {engine} | {budget} GiB | " + " | ".join(cells) + " |", flush=True)

    def ways(self) -> None:
        print("\n| way | median ms | films/s, batches of 16 | peak MiB on the card |\n|---|---:|---:|---:|")
        runs = ("--batches", "0", "--runs", str(self.options.runs))
        rows = [(f"Thorax {engine}, resident", self.thorax(engine, *runs), engine) for engine in self.engines()]
        rows += [
            (f"Thorax {engine}, one at a time", self.thorax(engine, "--one-at-a-time", *runs), None)
            for engine in self.engines()
        ]
        if Path(self.options.python).is_file():
            for mode in ("eager-resident", "eager-load-drop"):
                rows.append((f"PyTorch {mode}, f32", self.torch(mode), None))
                rows.append((f"PyTorch {mode}, autocast fp16", self.torch(mode, "--autocast"), None))
        for name, measured, engine in rows:
            if measured.report is None:
                print(f"| {name} | failed: {measured.failure} | | |")
                continue
            rate = self.thorax(engine, "--batches", str(BATCH), "--runs", "96").rate() if engine else "-"
            print(f"| {name} | {measured.milliseconds():.1f} | {rate} | {measured.peak:.0f} |", flush=True)
        if not Path(self.options.python).is_file():
            print("\nno training environment with PyTorch (make -C training .venv/bin/python): its rows are left out")

    def engines(self) -> list[str]:
        return ["cuda", "tensorrt"] if self.options.tensorrt == "1" else ["cuda"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True, help="ONNX Runtime's library for cards")
    parser.add_argument("--python", type=Path, required=True, help="interpreter of the training environment")
    parser.add_argument("--tensorrt", default="1", choices=("0", "1"))
    parser.add_argument("--bundle", type=Path, help="default: the only one in models/")
    parser.add_argument("--film", type=Path, default=ROOT / "samples/normal-1.jpeg")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()
    found = sorted(path.parent for path in (ROOT / "models").glob("*/bundle.toml"))
    options.bundle = (options.bundle or found[0]).resolve()
    # The interpreter by its name in its environment, not by what that links to.
    options.library, options.film, options.python = (
        options.library.resolve(),
        options.film.resolve(),
        options.python.absolute(),
    )
    bench = Bench(options, ROOT / ".cache/gpu-engines")
    reference = bench.thorax("onnxruntime", "--runs", "1", "--batches", "0", "--precision", "f32")
    if reference.report is None:
        sys.exit(f"the processor's results cannot be had: {reference.failure}")
    print(f"\n{bench.meter.name}, {bench.meter.total >> 20} MiB, {bench.meter.used() >> 20} MiB of them used before;")
    print(
        f"{options.film.name} from its bytes to the consensus, {options.threads} threads, medians of {options.runs}.\n"
    )
    heads = ["numbers", "median ms", "films/s", "NVML MiB", "own MiB", "ledger MiB", "budget", "OOM", "off the CPU"]
    print("| engine | budget | " + " | ".join(heads) + " |\n|---|---|" + "---:|" * len(heads))
    for engine in bench.engines():
        bench.budgets(engine, reference)
    bench.ways()
    if bench.wrong:
        sys.exit(f"\n{bench.wrong} figures do not hold")


if __name__ == "__main__":
    main()
