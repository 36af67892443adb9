"""What a bundle says of reduced precisions: which a network may be computed in, and how far golden values may then be off.

Both follow from metrics/precision.json. `export` writes them where its networks are the very ones that were measured, and
`precision` after measuring them.
"""

from __future__ import annotations

import json
import math
import tomllib

from thorax_training import manifest, packages
from thorax_training.paths import Paths

ORDER = ("int8", "bf16", "fp16")
"""In which the manifest lists them."""
MARGIN = 1.25
"""Other processors sum in another order: so much more than the largest difference seen is tolerated."""


def tolerated(largest: float) -> float:
    """Return a difference with its margin, rounded up to two digits."""
    wanted = largest * MARGIN
    places = 1 - math.floor(math.log10(wanted))
    return round(math.ceil(round(wanted * 10**places, 6)) / 10**places, places)


def tolerance(report: dict) -> dict[str, float] | None:
    """Return what golden.json is to tolerate in reduced precisions, or None where no network has one."""
    networks, ensemble = report["golden"]["networks"], report["golden"]["ensemble"]
    apart = [value for one in networks.values() for precision, value in one.items() if precision != "f32"]
    return {"logits": tolerated(max(apart)), "probability": tolerated(max(ensemble.values()))} if apart else None


def settings_of(content: dict) -> dict:
    """Return what makes probabilities of logits in a manifest, as `calibrate.consensus` wants it."""
    return {"temperatures": [network["temperature"] for network in content["network"]]}


def fits(content: dict, report: dict) -> bool:
    """Return whether a report is of the networks and the calibration in a manifest."""
    hashes = {network["name"]: network["sha256"] for network in content["network"]}
    measured = {name: one["sha256"] for name, one in report["networks"].items()}
    return hashes == measured and settings_of(content) == report["settings"]


def mark(content: dict, golden: dict, report: dict) -> None:
    """Set `reduced` of each network in a manifest, and the tolerance of its golden values."""
    for network in content["network"]:
        network.pop("reduced", None)
        allowed = report["networks"][network["name"]]["reduced"]
        if allowed:
            network["reduced"] = allowed
    golden["tolerance"].pop("reduced", None)
    tolerances = tolerance(report)
    if tolerances:
        golden["tolerance"]["reduced"] = tolerances


def write(paths: Paths) -> None:
    """Bring the bundle in line with metrics/precision.json; without one of this very bundle it is left at float32."""
    file = paths.metrics / "precision.json"
    report = json.loads(file.read_text()) if file.exists() else None
    content = tomllib.loads((paths.bundle / "bundle.toml").read_text())
    if report is None or not fits(content, report):
        print("no reduced precision was measured for these networks: run `precision`", flush=True)
        return
    golden_file = paths.bundle / content["golden"]["file"]
    golden = json.loads(golden_file.read_text())
    mark(content, golden, report)
    golden_file.write_text(json.dumps(golden, indent=1) + "\n")
    content["golden"]["sha256"] = packages.sha256_of(golden_file)
    (paths.bundle / "bundle.toml").write_text(manifest.to_toml(content))
