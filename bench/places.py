"""What the benchmarks find where: the engines' shared objects, as `scripts/engines.sh` puts them, and the bundle."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ROOT / ".cache/engines"
ONNXRUNTIME = ENGINES / "libonnxruntime.so.1.32.0"
OPENVINO = ENGINES / "openvino/libopenvino_c.so.2641"


def only_bundle() -> Path:
    bundles = sorted(path.parent for path in (ROOT / "models").glob("*/bundle.toml"))
    if len(bundles) != 1:
        raise SystemExit(f"models/ holds {len(bundles)} bundles; name one with --bundle")
    return bundles[0]
