#!/usr/bin/env bash
# Makes .cache/venv with the pinned packages of scripts/requirements.txt, once; again only where that file has changed.
# Prints nothing where there is nothing to do.
#
#   scripts/venv.sh bare   a virtual environment with pip alone
#   scripts/venv.sh        with the packages that tests and benchmarks compare against
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.cache/venv
scripts/toolchain.sh python
if [ ! -x $venv/bin/pip ]; then
    mkdir -p .cache
    python3 -m venv $venv
fi
[ "${1:-}" = bare ] && exit 0

stamp=$venv/requirements.sha256
if [ ! -f $stamp ] || ! sha256sum --check --status $stamp; then
    if ! $venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "thorax: the tests compare with numpy and OpenCV, which need Python 3.11 or later; found $($venv/bin/python --version)" >&2
        exit 1
    fi
    echo "thorax: installing the packages of scripts/requirements.txt into $venv" >&2
    $venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --requirement scripts/requirements.txt
    sha256sum scripts/requirements.txt > $stamp
fi
