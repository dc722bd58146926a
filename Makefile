# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-aws test test-slow test-browser test-aws test-floor lint format bench wheel package clean

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
	@$(UV) sync --quiet --frozen --inexact --no-default-groups --extra duckdb --extra spark --extra java

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

# The lowest releases that pyproject.toml allows, beside the newest test tools, in an environment of their own.
FLOOR := .floor
FLOOR_TESTS := tests/test_imports.py tests/dags/orchestration/test_dag_files.py tests/dags/test_sample_run.py \
  tests/checkpoints/warehouse/test_redshift_connector.py tests/dags/notifications \
  tests/dags/deploy/test_operations.py
test-floor: $(filter .tools/bin/uv,$(UV))  ## a part of the tests at the lowest releases allowed (minutes)
	@$(UV) venv --quiet --clear "$(FLOOR)"
	@$(UV) pip compile --quiet --resolution lowest-direct --all-extras --python "$(FLOOR)" \
	  --output-file "$(FLOOR)/requirements.txt" pyproject.toml
	@UV_COMPILE_BYTECODE=0 $(UV) pip install --quiet --python "$(FLOOR)" \
	  --requirements "$(FLOOR)/requirements.txt" --group test
	"$(FLOOR)/bin/python" -m pytest -m "" $(FLOOR_TESTS)

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
EXPORT = $(UV) export --quiet --frozen --no-default-groups --no-emit-project --no-hashes --no-annotate --no-header
# The same sources make the same files, so that `lakegate deploy` uploads them once.
wheel package: export SOURCE_DATE_EPOCH ?= 1577836800
wheel: $(filter .tools/bin/uv,$(UV))  ## the wheel, with contracts and policies inside, and the lock as constraints for pip
	@rm -rf build "$(DIST)"/lakegate-*
	@$(UV) build --quiet --wheel --out-dir "$(DIST)"
	@$(EXPORT) --all-extras --output-file "$(DIST)/constraints.txt"
	@ls "$(DIST)"/lakegate-*.whl

# Glue 6.0: Python 3.13 on Amazon Linux 2023, whose glibc is 2.34.
PINS = $(UV) pip compile --quiet --no-deps --no-annotate --no-header --python-version 3.13 \
  --python-platform x86_64-manylinux_2_34
WHEELS = $(UV) tool run --quiet pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --implementation cp --python-version 3.13 $(addprefix --platform manylinux,_2_34_x86_64 _2_28_x86_64 2014_x86_64)
package: wheel  ## the same, and zips of all wheels that Glue installs
	@$(EXPORT) --extra catalog --output-file build/glue.txt
	@$(EXPORT) --extra catalog --extra redshift --output-file build/glue-redshift.txt
	@$(PINS) --output-file build/requirements-glue.txt build/glue.txt >/dev/null
	@$(PINS) --output-file build/requirements-glue-redshift.txt build/glue-redshift.txt >/dev/null
	@$(WHEELS) --dest build/wheels --requirement build/requirements-glue-redshift.txt
	@$(UV) run --no-project python -m dags.deploy.glue_wheels "$(DIST)" build

clean:  ## remove what was made here, but not the tools
	rm -rf build dist lake .floor *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
