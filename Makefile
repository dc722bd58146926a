# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-aws test test-slow test-browser test-aws lint format bench package clean

export UV_LINK_MODE ?= copy
# Compiled once here, imported quickly by every command, also where Python may not write beside its sources.
export UV_COMPILE_BYTECODE ?= 1
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --no-sync

help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# uv comes from PyPI into a folder of its own; no root, nothing outside this checkout.
.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv

.PHONY: runtime develop
runtime: $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --inexact --no-default-groups --extra spark --extra java

develop: $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --all-extras

demo: runtime  ## make a messy sample, run the gated pipeline on it, show what happened
	@$(RUN) lakegate demo

demo-aws: develop  ## the same as on AWS, with Airflow: stand-ins on loopback, to look at until Ctrl-C
	@$(RUN) python -m tests.stand_ins.demo

# Each worker has a Spark of its own, and waits for it more than it works.
WORKERS ?= 2
test: develop  ## the default suite (under 10 minutes on 2 cores)
	$(RUN) pytest -n $(WORKERS) --dist loadfile

test-slow: develop  ## the suites that take minutes
	$(RUN) pytest -m slow -n $(WORKERS) --dist worksteal

test-browser: develop  ## the Data Docs in Chromium, which must be installed (about 5 minutes)
	$(RUN) pytest -m browser -n $(WORKERS) --dist loadfile

AGAIN ?=
test-aws: develop  ## the suites before stand-ins for AWS, on a real Airflow (about half an hour)
	$(RUN) pytest -m aws $(AGAIN)

lint: develop  ## style, types, who may import whom, contracts
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) lakegate contract lint

format: develop  ## let ruff rewrite what it can
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

SIZE ?= 500MB
ROUNDS ?= 3
PARTS ?=
PEER_ROWS ?= 5000000
bench: develop  ## time the pipeline and the gate against a baseline of the same run
	$(RUN) python -m tests.benchmarks --size "$(SIZE)" --rounds $(ROUNDS) --parts "$(PARTS)" \
	  --peer-rows $(PEER_ROWS)

DIST ?= dist
# The same sources make the same wheel, so that `lakegate deploy` uploads it once.
package: export SOURCE_DATE_EPOCH ?= 1577836800
package: $(filter .tools/bin/uv,$(UV))  ## the wheel, with contracts and policies inside, and the pins for Glue
	@rm -rf build "$(DIST)"/lakegate-*.whl
	@$(UV) build --quiet --wheel --out-dir "$(DIST)"
	@$(UV) export --quiet --frozen --no-default-groups --extra redshift --no-emit-project --no-hashes --no-header \
	  --output-file "$(DIST)/requirements-glue.txt"
	@ls "$(DIST)"/lakegate-*.whl

clean:  ## remove what was made here, but not the tools
	rm -rf build dist lake *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
