#!/usr/bin/env bash
# Makes .cache/inference-server with the pinned packages of scripts/inference-server.txt, once; again only where that file has
# changed. Apart from .cache/venv, since a server brings some seventy packages with wishes of their own. Prints nothing where
# there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.cache/inference-server
scripts/toolchain.sh python
if [ ! -x $venv/bin/pip ]; then
    mkdir -p .cache
    python3 -m venv $venv
fi

stamp=$venv/requirements.sha256
if [ ! -f $stamp ] || ! sha256sum --check --status $stamp; then
    echo "thorax: installing the packages of scripts/inference-server.txt into $venv" >&2
    $venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --requirement scripts/inference-server.txt
    sha256sum scripts/inference-server.txt > $stamp
fi
