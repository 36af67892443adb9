"""Thorax's pages beside the same pages in Django, written the way of the guide, in one run.

    make bench-web        or        .cache/venv/bin/python bench/web --rows 10000 --only sqlite

Both sites stand at the same time and are asked turn by turn, since a shared machine's speed drifts: read the ratios. p50 and p99
are of one visitor alone, requests a second of many at once; the load generator runs on the same cores. Databases are filled once
and kept under .cache/bench-web (`--fresh` fills them anew).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from cluster import Cluster
from sites import CACHE, ROOT, Django, Place, Site, Thorax
from uploads import Uploader, measure
from visits import Figures, at_full_speed, middle, one_by_one, wait_until_quiet

DATABASES = ["sqlite", "postgresql"]
PARTS = ["pages", "memory", "uploads"]
PAGE_P99 = 50.0
TIMES_DJANGO = {
    "worklist, page 1": 10,
    "worklist, middle page": 10,
    "worklist, last page": 10,
    "statistics page, cached": 20,
    "statistics JSON, cached": 20,
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def ask(site: Site, what: str, paths: list[str], options: argparse.Namespace) -> Figures:
    wait_until_quiet()
    if what.endswith("cold"):
        return one_by_one(site.client, paths[0], options.cold, site.forget)
    return at_full_speed(site.client, paths, options.seconds, options.connections)


def pages(thorax: Thorax, django: Django, options: argparse.Namespace) -> dict[str, tuple[Figures, Figures]]:
    """For each page the medians over the rounds, Thorax's and Django's."""
    addresses = (thorax.open(), django.open())
    found = {}
    for what in addresses[0]:
        rounds = ([], [])
        for _ in range(options.rounds):
            for site, its, into in zip((thorax, django), addresses, rounds, strict=True):
                into.append(ask(site, what, its[what], options))
        found[what] = (middle(rounds[0]), middle(rounds[1]))
        say(f"  {what}: {found[what][0].p50:.2f} and {found[what][1].p50:.2f} ms")
    return found


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict(what: str, mine: Figures, times: float | None) -> str:
    said = [f"p99 < {PAGE_P99:.0f} ms: {'met' if mine.p99 < PAGE_P99 else 'missed'}"]
    if what in TIMES_DJANGO and times is not None:
        said.append(f"{TIMES_DJANGO[what]}×: {'met' if times >= TIMES_DJANGO[what] else 'missed'}")
    return ", ".join(said)


def table(found: dict[str, tuple[Figures, Figures]]) -> list[str]:
    heads = [
        "p50 ms",
        "p99 ms",
        "requests/s",
        "Django p50",
        "Django p99",
        "Django req/s",
        "× req/s",
        "× p50",
        "targets",
    ]
    lines = ["| page | " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1) + "---|"]
    for what, (mine, theirs) in found.items():
        times = mine.rate / theirs.rate if mine.rate and theirs.rate else None
        cells = [*(number(one) for one in (mine.p50, mine.p99, mine.rate, theirs.p50, theirs.p99, theirs.rate))]
        cells += [number(times), number(theirs.p50 / mine.p50), verdict(what, mine, times)]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return lines


def flatness(results: dict[str, dict], database: str, sizes: list[int]) -> list[str]:
    """What a page costs with the most rows, as a multiple of what it costs with the fewest."""
    few, many = (results.get(f"{database} {rows}") for rows in (min(sizes), max(sizes)))
    if few is None or many is None or few is many:
        return []
    lines = [f"| {database}: p50 at {max(sizes):,} rows / at {min(sizes):,} | Thorax | Django |", "|---|---:|---:|"]
    for what in few:
        ratios = [many[what][site].p50 / few[what][site].p50 for site in (0, 1)]
        lines.append(f"| {what} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
    return lines


def one(database: str, rows: int, cluster: Cluster | None, options: argparse.Namespace, results: dict) -> list[str]:
    """Everything about one database with so many rows."""
    places = [Place(name, rows, cluster) for name in ("thorax", "django")]
    for place in places:
        if options.fresh:
            shutil.rmtree(place.folder, ignore_errors=True)
    say(f"{database}, {rows:,} rows: filling")
    Thorax.fill(places[0], options.thorax)
    Django.fill(places[1])
    if cluster:
        cluster.tidy()
    lines = [f"\n## {database}, {rows:,} predictions\n"]
    thorax = Thorax(places[0], options.thorax)
    try:
        thorax.sign_in()
        if "pages" in options.parts or "memory" in options.parts:
            django = Django(places[1])
            try:
                django.sign_in()
                idle = (thorax.process.resident_mib(), django.process.resident_mib())
                if "pages" in options.parts:
                    found = results[f"{database} {rows}"] = pages(thorax, django, options)
                    lines += table(found)
                    slow = thorax.slow_queries()
                    lines.append(f"\nStatements of Thorax that took longer than 10 ms in this run: {len(slow)}.")
                lines.append(
                    f"Memory idle, signed in: Thorax {idle[0]:.0f} MiB (target < 150 without networks), Django {idle[1]:.0f} MiB."
                )
                after = (thorax.process.resident_mib(), django.process.resident_mib())
                lines.append(f"After this: {after[0]:.0f} and {after[1]:.0f} MiB.")
            finally:
                django.stop()
        if "uploads" in options.parts:
            say("  uploads")
            lines += ["", *measure(Uploader(thorax, options.patient), 32, options.uploads, options.overload)]
            lines.append(f"Memory afterwards, networks loaded: {thorax.process.resident_mib():.0f} MiB.")
    finally:
        thorax.stop()
    return lines


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--only", choices=DATABASES, nargs="+", default=DATABASES, help="databases")
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--thorax", type=Path, default=ROOT / "target/release/thorax")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16, help="at once, for requests a second")
    parser.add_argument("--cold", type=int, default=50, help="requests with empty caches")
    parser.add_argument("--uploads", type=int, default=30, help="timed uploads")
    parser.add_argument("--overload", type=float, default=20, help="seconds at ten times the sustainable rate")
    parser.add_argument("--patient", default="DEMO-0001", help="record number of the patient who gets the uploads")
    parser.add_argument("--fresh", action="store_true", help="fill the databases anew")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    if not options.thorax.is_file():
        sys.exit("first: cargo build --release --package thorax-server")
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    CACHE.mkdir(parents=True, exist_ok=True)
    Django.install()
    cluster = Cluster(CACHE / "postgresql") if "postgresql" in options.only else None
    results: dict[str, dict] = {}
    lines = [
        f"{os.cpu_count()} cores, {options.rounds} rounds of {options.seconds:.0f} s, {options.connections} connections for requests/s."
    ]
    try:
        for database in options.only:
            for rows in options.rows:
                lines += one(database, rows, cluster if database == "postgresql" else None, options, results)
            lines += ["", *flatness(results, database, options.rows)]
    finally:
        if cluster:
            cluster.stop()
        print("\n".join(lines))
        kept = {
            name: {what: [vars(one) for one in pair] for what, pair in found.items()} for name, found in results.items()
        }
        (CACHE / "results.json").write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
