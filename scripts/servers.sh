#!/usr/bin/env bash
# PostgreSQL and Redis for the tests, which start throw-away servers of their own. Prints nothing where both are installed.
set -euo pipefail
exec "$(dirname "$0")/packages.sh" 'initdb|/usr/lib/postgresql/*/bin/initdb:postgresql' redis-server:redis-server
