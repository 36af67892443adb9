#!/usr/bin/env bash
# Looks for what a build needs and installs what is missing where it may: a linker and Python with apt, as root or through
# a password-less sudo. Rust is never installed behind your back: where it is missing this says how to get it, and stops.
#
#   scripts/toolchain.sh          Rust and a linker
#   scripts/toolchain.sh python   also python3 with venv
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "thorax: $*" >&2; }

install() {
    if ! command -v apt-get >/dev/null; then
        say "please install $* with your system's package manager, then run this again"
        exit 1
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "missing: $*. Please run: sudo apt-get install -y $*"
            exit 1
        fi
        as_root=(sudo -n)
    fi
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    say "cargo is in $HOME/.cargo/bin, which is not in PATH. Please run: . \"\$HOME/.cargo/env\""
    exit 1
fi
if ! command -v cargo >/dev/null; then
    say "Rust $wanted or later is missing. Get it from https://rustup.rs (or: apt-get install rustup && rustup default stable), then run this again"
    exit 1
fi
found=$(cargo --version | cut -d' ' -f2 | cut -d- -f1)
if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n1)" != "$wanted" ]; then
    say "Rust $found is too old: $wanted or later is needed. Please run: rustup update stable"
    exit 1
fi
command -v cc >/dev/null || install gcc libc6-dev

if [ "${1:-}" = python ]; then
    command -v python3 >/dev/null || install python3 python3-venv
    python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
fi
