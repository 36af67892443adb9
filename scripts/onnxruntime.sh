#!/usr/bin/env bash
# Puts the pinned ONNX Runtime library into a folder: takes it from its PyPI wheel, checks its SHA-256, and does nothing
# where it already lies there. Ends with 1 where it cannot be had; the program then computes with rten, slower.
#
#   scripts/onnxruntime.sh target/release
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.32.0
library=libonnxruntime.so.$version
destination=${1:?usage: scripts/onnxruntime.sh FOLDER}
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
        platform=manylinux_2_28_x86_64
        sha256=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f ;;
    Linux-aarch64)
        platform=manylinux_2_28_aarch64
        sha256=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a ;;
    *)
        echo "thorax: no ONNX Runtime library is pinned for $(uname -s) on $(uname -m)" >&2
        exit 1 ;;
esac

right() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$sha256" ]; }

right "$destination/$library" && exit 0
kept=.cache/onnxruntime/$library
if ! right "$kept"; then
    scripts/venv.sh bare
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    echo "thorax: fetching ONNX Runtime $version (about 28 MB)" >&2
    .cache/venv/bin/pip download --quiet --disable-pip-version-check --no-deps --dest "$work" --only-binary :all: \
        --platform $platform --python-version 3.11 --implementation cp "onnxruntime==$version"
    python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("onnxruntime/capi/" + sys.argv[2], sys.argv[3])' \
        "$work"/onnxruntime-*.whl "$library" "$work"
    if ! right "$work/onnxruntime/capi/$library"; then
        echo "thorax: the fetched $library has another SHA-256 than the pinned one; it is not used" >&2
        exit 1
    fi
    mkdir -p .cache/onnxruntime
    mv "$work/onnxruntime/capi/$library" "$kept"
fi
mkdir -p "$destination"
cp "$kept" "$destination/.$library.part"
mv "$destination/.$library.part" "$destination/$library"
