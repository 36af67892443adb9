#!/usr/bin/env bash
# Puts the pinned libraries of the fast engines into a folder: ONNX Runtime, and OpenVINO in openvino/ below it. Takes them from
# their PyPI wheels, checks the wheels' SHA-256, and does nothing where they already lie there. Ends with 1 where one cannot
# be had; the program then computes with what there is, in the end with rten, which is part of it.
#
#   scripts/engines.sh target/release
set -euo pipefail
cd "$(dirname "$0")/.."

destination=${1:?usage: scripts/engines.sh FOLDER}
kept=.cache/engines
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
        onnxruntime=manylinux_2_28_x86_64:5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
        openvino=manylinux_2_28_x86_64:2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf
        processor=intel_cpu ;;
    Linux-aarch64)
        onnxruntime=manylinux_2_28_aarch64:2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c
        openvino=manylinux_2_35_aarch64:bea1eb3733c34ef331adc945da0ccda5937865031139073663be84c517ffda22
        processor=arm_cpu ;;
    *)
        echo "thorax: no libraries of engines are pinned for $(uname -s) on $(uname -m)" >&2
        exit 1 ;;
esac

# library NAME VERSION PLATFORM:SHA256 FOLDER FILES…   keeps these files of a wheel in FOLDER; a stamp says from which wheel.
library() {
    local name=$1 version=$2 platform=${3%%:*} sha256=${3##*:} folder=$4 work
    shift 4
    if [ "$(cat "$folder/$name.sha256" 2>/dev/null)" != "$sha256" ]; then
        scripts/venv.sh bare
        work=$(mktemp -d)
        echo "thorax: fetching $name $version" >&2
        .cache/venv/bin/pip download --quiet --disable-pip-version-check --no-deps --dest "$work" --only-binary :all: \
            --platform "$platform" --python-version 3.11 --implementation cp "$name==$version" || { rm -rf "$work"; return 1; }
        if ! echo "$sha256  $(ls "$work"/*.whl)" | sha256sum --check --status; then
            echo "thorax: the fetched $name has another SHA-256 than the pinned one; it is not used" >&2
            rm -rf "$work"
            return 1
        fi
        mkdir -p "$folder"
        python3 - "$work"/*.whl "$folder" "$@" <<'PYTHON'
import shutil, sys, zipfile
from fnmatch import fnmatch
from pathlib import Path

wheel, folder, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.namelist():
        if any(fnmatch(Path(entry).name, pattern) for pattern in wanted):
            with archive.open(entry) as source, open(Path(folder) / Path(entry).name, "wb") as file:
                shutil.copyfileobj(source, file)
PYTHON
        echo "$sha256" > "$folder/$name.sha256"
        rm -rf "$work"
    fi
}

# place NAME FROM TO   copies what is kept, once; the stamp goes last.
place() {
    [ "$2" -ef "$3" ] && return
    cmp --silent "$2/$1.sha256" "$3/$1.sha256" && return
    mkdir -p "$3"
    find "$2" -maxdepth 1 -name 'lib*' -exec cp -f {} "$3/" \;
    cp "$2/$1.sha256" "$3/"
}

missing=0
if library onnxruntime 1.32.0 "$onnxruntime" $kept 'libonnxruntime.so.*'; then
    place onnxruntime $kept "$destination"
else
    missing=1
fi
if library openvino 2026.4.1 "$openvino" $kept/openvino \
    'libopenvino.so.*' 'libopenvino_c.so.*' 'libopenvino_onnx_frontend.so.*' \
    'libopenvino_ir_frontend.so.*' "libopenvino_${processor}_plugin.so" 'libtbb.so.*'; then
    place openvino $kept/openvino "$destination/openvino"
else
    missing=1
fi
exit $missing
