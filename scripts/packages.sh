#!/usr/bin/env bash
# Installs Debian packages whose programs are missing, with apt, as root or through a password-less sudo; else says what to
# type. Prints nothing where nothing is missing. A program may also be a path with wildcards, or several ways to find it.
#
#   scripts/packages.sh wrk:wrk 'initdb|/usr/lib/postgresql/*/bin/initdb:postgresql'
set -euo pipefail

say() { printf '%s\n' "thorax: $*" >&2; }

there() {
    local ways way
    IFS='|' read -ra ways <<<"$1"
    for way in "${ways[@]}"; do
        if command -v "$way" >/dev/null || compgen -G "$way" >/dev/null; then return 0; fi
    done
    return 1
}

missing=()
for pair in "$@"; do
    there "${pair%%:*}" || missing+=("${pair#*:}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    say "please install ${missing[*]} with your system's package manager, then run this again"
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        say "missing: ${missing[*]}. Please run: sudo apt-get install -y ${missing[*]}"
        exit 1
    fi
    as_root=(sudo -n)
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
