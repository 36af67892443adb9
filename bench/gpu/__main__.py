"""The table of `bench/gpu.sh`: Thorax and PyTorch on one NVIDIA card, each way in a process of its own.

While a process runs, the card's used memory is asked for every 5 milliseconds through NVML; its growth over what was used before the
process started is the peak. Nothing else should run on the card meanwhile. Rows are printed as they come, the most wanted first, so
that what `--seconds` or a stuck process cuts off is the least; the last two columns say how long the row itself took, and why it
is empty.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from meter import Meter

ROOT = Path(__file__).resolve().parent.parent.parent
BATCH = 16
# Below this many GiB networks take turns and each film loads them anew.
TIGHT = 2
HEADS = ["budget", "numbers", "median ms", "films/s", "NVML MiB", "own MiB", "ledger MiB", "held", "OOM", "off the CPU"]


@dataclass
class Measured:
    """What a process gave, or why it gave nothing, the growth of the card's memory in MiB, and seconds."""

    report: dict | None
    failure: str
    peak: float
    seconds: float

    def milliseconds(self) -> str:
        one = self.report.get("one_at_a_time", self.report)
        return f"{statistics.median(one['milliseconds']):.1f}"


def failure_of(output: str) -> str:
    """Rust says what went wrong first, Python last."""
    lines = [line for line in output.splitlines() if line.strip()] or ["no message"]
    return next((line for line in lines if line.startswith("Error")), lines[-1]).replace("|", "/")


class Bench:
    """The ways of getting a consensus on this card."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        # What the bundle's golden values allow a probability to be off.
        tolerance = json.loads((options.bundle / "golden.json").read_text())["tolerance"]
        self.tolerance = {"f32": tolerance["probability"], "fp16": tolerance.get("reduced", tolerance)["probability"]}
        self.meter = Meter()
        self.wrong = 0
        self.started = time.monotonic()
        self.reference: list[float] = []

    def left(self) -> float:
        """Seconds until everything must have been measured."""
        return self.options.seconds - (time.monotonic() - self.started)

    def run(self, command: list[str], folder: Path = ROOT) -> Measured:
        patience = min(self.options.timeout, self.left())
        if patience < 5:
            return Measured(None, "left out: no time left", 0.0, 0.0)
        started, output = time.monotonic(), ""
        with self.meter.watching() as seen:
            try:
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=patience)
                output = done.stderr
                report = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None
                failure = "" if report else f"ended with {done.returncode}: {failure_of(output)}"
            except subprocess.TimeoutExpired as late:
                report, failure = None, f"not done after {patience:.0f} s"
                output = (late.stderr or b"").decode(errors="replace")
            except (OSError, ValueError, IndexError) as error:
                report, failure = None, f"{type(error).__name__}: {error}"
        measured = Measured(report, failure, seen.growth / (1 << 20), time.monotonic() - started)
        if self.options.reports:
            entry = {"command": command, **vars(measured), "stderr": output[-4000:]}
            with self.options.reports.open("a") as file:
                file.write(json.dumps(entry) + "\n")
        return measured

    def thorax(self, engine: str, *more: str) -> Measured:
        options = self.options
        command = [str(options.program), "bench", "--json", "--bundle", str(options.bundle), "--engine", engine]
        command += ["--onnxruntime", str(options.onnxruntime), "--engine-cache", str(ROOT / ".cache/gpu-engines")]
        return self.run([*command, "--threads", str(options.threads), *more, str(options.film)])

    def refer(self) -> None:
        """Asks the processor for the right results, in f32."""
        measured = self.thorax("onnxruntime", "--runs", "1", "--batches", "0", "--precision", "f32")
        if measured.report is None:
            sys.exit(f"the processor's results cannot be had: {measured.failure}")
        self.reference = measured.report["probabilities"]

    def off(self, report: dict) -> str:
        """Largest difference of a probability from the processor's."""
        largest = max(abs(one - other) for one, other in zip(report["probabilities"], self.reference, strict=True))
        if largest <= self.tolerance["fp16" if "fp16" in report["precision"] else "f32"]:
            return f"{largest:.1e}"
        self.wrong += 1
        return f"{largest:.1e} TOO MUCH"

    def held(self, peak: float, budget: int | None) -> str:
        if budget is None:
            return "-"
        if 0 < peak <= budget * 1024:
            return "held"
        self.wrong += 1
        return "EXCEEDED" if peak else "NOT SEEN"

    def row(self, name: str, measured: Measured, cells: list[str]) -> None:
        cells = cells + ["-"] * (len(HEADS) - len(cells))
        print(f"| {name} | {' | '.join(cells)} | {measured.seconds:.1f} | {measured.failure} |", flush=True)

    def row_of_thorax(self, engine: str, budget: int | None) -> None:
        """One row: a budget in GiB, or none for one network at a time."""
        tight = budget is None or budget < TIGHT
        runs = max(3, self.options.runs // 20) if tight else self.options.runs
        room = ("--one-at-a-time",) if budget is None else ("--memory-budget", f"{budget}GiB")
        more = ("--runs", str(runs), "--batches", "0" if budget is None else str(BATCH))
        measured = self.thorax(engine, *room, *more)
        report, spelled = measured.report, "one at a time" if budget is None else f"{budget} GiB"
        if report is None:
            self.wrong += 1
            self.row(f"Thorax {engine}", measured, [spelled])
            return
        if engine == "tensorrt" and "fp16" not in report["precision"]:
            self.wrong += 1
        memory, throughput = report["memory"], report["throughput"]
        cells = [
            spelled,
            report["precision"],
            measured.milliseconds(),
            f"{throughput[-1]['films_per_second']:.1f}" if throughput else "-",
            f"{measured.peak:.0f}",
            f"{memory['device_peak'] >> 20}" if memory["device_peak"] else "-",
            f"{memory['networks'] >> 20}",
            self.held(measured.peak, budget),
            str(memory["shortages"]),
            self.off(report),
        ]
        self.row(f"Thorax {engine}", measured, cells)

    def row_of_torch(self, mode: str, autocast: bool) -> None:
        options = self.options
        runs = options.runs if mode == "eager-resident" else max(3, options.runs // 20)
        command = [str(options.python), "-m", "thorax_training", "baseline", "--mode", mode, "--device", options.device]
        command += ["--runs", str(runs), "--film", str(options.film), *(["--autocast"] if autocast else [])]
        measured = self.run(command, ROOT / "training")
        cells = ["-", "autocast fp16" if autocast else "f32"]
        if measured.report is not None:
            cells += [measured.milliseconds(), "-", f"{measured.peak:.0f}"]
        self.row(f"PyTorch {mode}", measured, cells)

    def table(self) -> None:
        print("| way | " + " | ".join(HEADS) + " | s | why not |")
        print("|---|---|---|" + "---:|" * (len(HEADS) - 1) + "---|")
        engines = self.options.engines.split(",")
        for engine in engines:
            self.row_of_thorax(engine, 8)
        for autocast in (False, True):
            self.row_of_torch("eager-resident", autocast)
        for budget in (1, 4, 2, None):
            for engine in engines:
                self.row_of_thorax(engine, budget)
        for autocast in (False, True):
            self.row_of_torch("eager-load-drop", autocast)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxruntime", type=Path, required=True, help="ONNX Runtime's library for cards")
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/thorax")
    parser.add_argument("--python", type=Path, required=True, help="interpreter of the training environment")
    parser.add_argument("--engines", default="cuda,tensorrt", help="of Thorax, by comma")
    parser.add_argument("--device", default="cuda", help="of PyTorch")
    parser.add_argument("--bundle", type=Path, help="default: the only one in models/")
    parser.add_argument("--film", type=Path, default=ROOT / "samples/normal-1.jpeg")
    parser.add_argument("--threads", type=int, default=6, help="networks at the same time")
    parser.add_argument(
        "--runs", type=int, default=100, help="films of a row; a twentieth where networks are loaded anew"
    )
    parser.add_argument("--timeout", type=float, default=600, help="seconds that a process may take")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after so many seconds no row is begun")
    parser.add_argument(
        "--reports", type=Path, help="file to which everything that was measured is added, as lines of JSON"
    )
    given = parser.parse_args()
    bundles = sorted(path.parent for path in (ROOT / "models").glob("*/bundle.toml"))
    given.bundle = (given.bundle or bundles[0]).resolve()
    # The interpreter by its name in its environment, not by what that links to.
    given.python = given.python.absolute()
    for name in ("onnxruntime", "program", "film", "reports"):
        path = getattr(given, name)
        setattr(given, name, path and path.resolve())
    return given


def main() -> None:
    bench = Bench(options())
    given = bench.options
    bench.refer()
    print(f"\n{bench.meter.name}, {bench.meter.total >> 20} MiB, {bench.meter.used() >> 20} MiB of them used before;")
    print(f"{given.film.name} from its bytes to the consensus, {given.threads} threads, medians of {given.runs},")
    print(f"films/s in batches of {BATCH}.\n", flush=True)
    bench.table()
    if bench.wrong:
        sys.exit(f"\n{bench.wrong} figures do not hold or are missing")


if __name__ == "__main__":
    main()
