# make run    builds Thorax, checks the bundle and reads the sample films: the first thing to type
# make test   every test, Rust and Python; installs what is missing
# make check  formatting, lints, documentation, licences
# make bench  Thorax beside the Python ways of doing the same, in one run
# make docs   the documentation of the crates
# make models trains, calibrates and exports the networks into models/ (hours on a CPU)

.PHONY: run test test-rust test-python check check-rust check-python bench docs models train
.DEFAULT_GOAL := run
SHELL := bash

PYTHON := $(CURDIR)/.cache/venv/bin/python
ONNXRUNTIME := $(CURDIR)/.cache/onnxruntime
LIBRARY = $(ONNXRUNTIME)/libonnxruntime.so.1.32.0
THORAX := target/release/thorax

run:
	@scripts/toolchain.sh
	cargo build --release --locked --package thorax-server
	@scripts/onnxruntime.sh target/release || echo "thorax: going on with rten, which is part of the program" >&2
	$(THORAX) bundle verify
	$(THORAX) predict samples

# The Rust tests come last, so that the end of the output is their summary. Ignored tests are those that need Python.
test: test-python test-rust

test-rust:
	@scripts/toolchain.sh
	@scripts/venv.sh
	@scripts/onnxruntime.sh $(ONNXRUNTIME) || echo "thorax: ONNX Runtime cannot be had; its tests are skipped" >&2
	export THORAX_PYTHON=$(PYTHON); if [ -f $(LIBRARY) ]; then export THORAX_ONNXRUNTIME=$(LIBRARY); fi; \
	cargo test --locked --workspace --doc && \
	cargo test --locked --workspace --lib --bins --tests --examples -- --include-ignored

test-python:
	@scripts/venv.sh
	cd training && $(PYTHON) -m pytest -q -p no:cacheprovider tests

check: check-rust check-python

check-rust:
	@scripts/toolchain.sh
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps --document-private-items
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --locked check; \
	else echo "thorax: cargo-deny is not installed; licences and advisories were not checked (cargo install cargo-deny)" >&2; fi

check-python:
	@scripts/venv.sh
	$(PYTHON) -m ruff check training bench crates
	$(PYTHON) -m ruff format --check bench crates

bench:
	@scripts/toolchain.sh
	@scripts/venv.sh
	@scripts/onnxruntime.sh $(ONNXRUNTIME) || echo "thorax: ONNX Runtime cannot be had; its rows are left out" >&2
	cargo build --release --locked --package thorax-server --examples
	@set -e; for script in bench/*.py; do echo "== $$script"; $(PYTHON) $$script; done

docs:
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps

models train:
	$(MAKE) -C training models
