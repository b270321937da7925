# Every target sets up what it needs in .venv and is quick the second time.

SWEEP ?= quickstart
ARGS ?=
PORT ?= 5000
# Test processes, whole files each; 0 runs the tests in one process.
WORKERS ?= 2
# The interpreter that makes .venv: PYTHON=... or the first of these that runs and fits.
PYTHONS := $(if $(filter command line environment,$(origin PYTHON)),$(PYTHON),python3.13 python3.12 python3.11 python3)

BIN := .venv/bin
# pip also builds the package itself with the pinned tools, whichever of the two names it reads.
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
       PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
CODE := src tests benchmarks screenshots docs notebooks

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help inspect sweep ui test test-full check format bench screenshots docs notebooks clean

help: ## List the targets
	@echo 'make TARGET, where TARGET is'
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 13

inspect: .venv/.runtime ## Describe data and what a sweep on them costs: ARGS="dataset=glass"
	@$(BIN)/focalsweep inspect --config-name $(SWEEP) $(ARGS)

sweep: .venv/.runtime ## Run a sweep: SWEEP=quickstart ARGS="dataset=glass trials=20"
	@$(BIN)/focalsweep sweep --config-name $(SWEEP) $(ARGS)

ui: .venv/.runtime ## Open the MLflow UI on 127.0.0.1: PORT=5000
	@$(BIN)/focalsweep ui --port $(PORT)

test: .venv/.dev ## Run the tests: ARGS="tests/losses -k gamma"
	@$(PYTEST) $(ARGS)

test-full: .venv/.dev ## Run the tests and the slow proofs
	@$(PYTEST) -m '' $(ARGS)

check: .venv/.dev ## Check format, lint, types, import contracts and tests, as CI does
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST)

format: .venv/.dev ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: .venv/.runtime ## Time sweeps, a convolutional model and the losses: ARGS="--losses"
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: .venv/.dev ## Take the README's pictures of the newest sweep: ARGS="runs/DIR"
	@$(BIN)/python -m screenshots $(ARGS)

docs: .venv/.dev ## Build the pages of docs/ into docs/_build/html
	@$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo 'Open docs/_build/html/index.html'

notebooks: .venv/.dev ## Execute notebooks/*.py and write their .ipynb again
	@$(BIN)/python -m notebooks

clean: ## Remove .venv, caches and builds (results in runs/ stay)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist docs/_build
	find $(CODE) -type d -name __pycache__ -exec rm -rf {} +

# One stamp for what a sweep needs and one for the developer's tools on top of it.
.venv/.runtime: pyproject.toml constraints.txt | .venv/bin/python
	@echo 'Installing focalsweep into .venv (TensorFlow is large: minutes the first time) ...'
	@$(PIP) --editable .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo 'Installing focalsweep and the tools for its tests into .venv ...'
	@$(PIP) --editable '.[dev]'
	@touch .venv/.runtime $@

# A python on the PATH may be a shim that fails, too old, too new, or without its venv module.
FITS := import ensurepip, sqlite3, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
.venv/bin/python:
	@for python in $(PYTHONS); do \
	  if "$$python" -c '$(FITS)' >/dev/null 2>&1; then \
	    echo "Making .venv with $$("$$python" -c 'import sys; print(sys.executable, sys.version.split()[0])')"; \
	    rm -rf .venv; exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	echo 'focalsweep needs Python 3.11, 3.12 or 3.13 with its venv and sqlite3 modules. Tried:' >&2; \
	for python in $(PYTHONS); do \
	  echo "  $$python: $$("$$python" --version 2>&1 | tail -n 1)" >&2; \
	done; \
	echo 'Install one (Debian and Ubuntu: apt install python3 python3-venv) or name it: make ... PYTHON=/path/to/python3' >&2; \
	exit 1
