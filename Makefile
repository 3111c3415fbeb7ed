# `make help` lists the targets. Everything is set up below .venv; nothing else on the machine is touched.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
OUT ?= build/demo
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check test-fast test-slow format lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

demo: .venv/core  ## build medmcqa-prefs from the bundled sample, validate it, say what to look at
	$(BIN)/openmed-data build medmcqa-prefs --source sample --out $(OUT) --overwrite
	$(BIN)/openmed-data show $(OUT) --sample 2

test: check test-fast test-slow  ## everything that CI runs: style, types, architecture, all tests

check: .venv/dev  ## style, types and architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

test-fast: .venv/dev  ## tests that take seconds
	$(BIN)/pytest -n $(WORKERS) -m "not slow"

test-slow: .venv/dev  ## tests that train, kill builds or make packages
	$(BIN)/pytest -n $(WORKERS) -m slow

format: .venv/dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## pin today's versions in constraints/
	$(PYTHON) constraints/lock.py

clean:  ## remove what make made
	rm -rf .venv build/demo .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "openmed-data needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml setup.py constraints/core.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints/core.txt --editable .
	@touch $@

# torch first and by itself: a range in another package's requirements would take the newest build with its CUDA wheels.
.venv/dev: .venv/bin/python pyproject.toml setup.py constraints/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints/dev.txt --editable '.[dev]'
	@touch $@
