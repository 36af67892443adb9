# make run    builds Thorax, checks the bundle, reads the sample films and opens the site with demo accounts: the first thing to type
# make test   every test, Python, browser, API and Rust; installs what is missing
# make e2e    journeys through the running site in Chromium
# make fuzz-api   schemathesis against the running API (FUZZ_SECONDS=60)
# make screenshots  pictures of the running site for the README
# make check  formatting, lints, documentation, licences
# make bench  Thorax beside the Python ways of doing the same, in one run
# make bench-web  the pages beside Django's, SQLite and PostgreSQL, ten thousand and a million predictions (an hour)
# make docs   the documentation of the crates
# make models trains, calibrates and exports the networks into models/ (hours on a CPU)

.PHONY: run test test-rust test-python test-site e2e fuzz-api screenshots check check-rust check-python bench bench-web docs models train
.DEFAULT_GOAL := run
.NOTPARALLEL:
SHELL := bash

PYTHON := $(CURDIR)/.cache/venv/bin/python
ENGINES := $(CURDIR)/.cache/engines
ONNXRUNTIME := $(ENGINES)/libonnxruntime.so.1.32.0
OPENVINO := $(ENGINES)/openvino/libopenvino_c.so.2641
THORAX := target/release/thorax
NODE := $(CURDIR)/.cache/node/bin

run:
	@scripts/toolchain.sh
	cargo build --release --locked --package thorax-server
	@scripts/engines.sh target/release || echo "thorax: going on with the engines that are there; rten is part of the program" >&2
	$(THORAX) bundle verify
	$(THORAX) predict samples
	$(THORAX) serve --demo

# The Rust tests come last, so that the end of the output is their summary. Ignored tests are those that need Python.
test: test-python test-site test-rust

test-rust:
	@scripts/toolchain.sh
	@scripts/venv.sh
	@scripts/engines.sh $(ENGINES) || echo "thorax: an engine's library cannot be had; its tests fail and say so" >&2
	@scripts/inference_server.sh
	if scripts/servers.sh; then export THORAX_TEST_ALL=1; fi; \
	export THORAX_PYTHON=$(PYTHON); if [ -f $(ONNXRUNTIME) ]; then export THORAX_ONNXRUNTIME=$(ONNXRUNTIME); fi; \
	if [ -f $(OPENVINO) ]; then export THORAX_OPENVINO=$(OPENVINO); fi; \
	export THORAX_INFERENCE_PYTHON=$(CURDIR)/.cache/inference-server/bin/python; \
	cargo test --locked --workspace --doc && \
	cargo test --locked --workspace --lib --bins --tests --examples -- --include-ignored

test-python:
	@scripts/venv.sh
	cd training && $(PYTHON) -m pytest -q -p no:cacheprovider tests

# Where a browser cannot be had, that is said and the other tests go on; `make e2e` alone fails there.
test-site:
	@if scripts/browser.sh; then $(MAKE) --no-print-directory e2e; \
	else echo "thorax: Chromium or Node cannot be had; the journeys of e2e/ are SKIPPED" >&2; fi
	@$(MAKE) --no-print-directory fuzz-api FUZZ_SECONDS=30

# The same build as the tests', so that nothing is compiled twice.
PROGRAM = cargo test --quiet --locked --workspace --no-run --lib --bins --tests --examples

e2e:
	@scripts/toolchain.sh
	@scripts/browser.sh
	$(PROGRAM)
	cd e2e && PATH="$(NODE):$$PATH" node --test journeys.test.mjs

fuzz-api: FUZZ_SECONDS ?= 60
fuzz-api:
	@scripts/toolchain.sh
	@scripts/venv.sh
	$(PROGRAM)
	$(PYTHON) load/fuzz_api.py --seconds $(FUZZ_SECONDS)

screenshots:
	@scripts/toolchain.sh
	@scripts/browser.sh
	@scripts/packages.sh pngquant:pngquant
	cargo build --release --locked --package thorax-server
	@scripts/engines.sh target/release || echo "thorax: going on with the engines that are there; rten is part of the program" >&2
	PATH="$(NODE):$$PATH" THORAX_BINARY=$(THORAX) node e2e/screenshots.mjs

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
	$(PYTHON) -m ruff check training bench load crates
	$(PYTHON) -m ruff format --check bench load crates

bench:
	@scripts/toolchain.sh
	@scripts/venv.sh
	@scripts/engines.sh $(ENGINES) || echo "thorax: an engine's library cannot be had; its rows are left out" >&2
	cargo build --release --locked --package thorax-server
	cargo build --release --locked --package thorax-inference --example pass_times
	@set -e; for script in bench/*.py; do echo "== $$script"; $(PYTHON) $$script; done

bench-web:
	@scripts/toolchain.sh python
	@scripts/packages.sh wrk:wrk 'initdb|/usr/lib/postgresql/*/bin/initdb:postgresql'
	cargo build --release --locked --package thorax-server
	@scripts/engines.sh target/release || echo "thorax: an engine's library cannot be had; uploads are read with what there is" >&2
	python3 bench/web

docs:
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps

models train:
	$(MAKE) -C training models
