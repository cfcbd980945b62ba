# Everything a fresh machine needs is Python >= 3.11 and make: each target sets up .venv itself.
#
#   make demo PYTHON=python3.12     another Python
#   make demo TORCH_INDEX=URL       take PyTorch from this package index too (for instance its CPU-only one)
#   make demo DEMO_ARGS=--json      arguments for the command

PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
DEMO_ARGS ?=
PYTEST_ARGS ?=
JOBS ?= 2

BIN := $(VENV)/bin
ENVIRONMENT = $(PYTHON) scripts/environment.py --venv $(VENV) --torch-index "$(TORCH_INDEX)"
# One thread a process: two test processes with a thread pool each would only fight over the cores.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check lint types layers unit slow docs reference coverage wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## create .venv with the package and its geo extra
	@$(ENVIRONMENT) --for run

setup-dev: ## the same and what developers need
	@$(ENVIRONMENT) --for dev

demo: setup ## rain and terrain to a scored flood map, on bundled input
	@$(BIN)/inundate demo $(DEMO_ARGS)

test: setup-dev ## everything that CI checks
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory docs
ifdef CI
	@$(MAKE) --no-print-directory wheel
endif

check: lint types layers

lint: setup-dev ## ruff: rules and format
	$(BIN)/ruff check src tests scripts docs
	$(BIN)/ruff format --check src tests scripts docs

types: setup-dev ## mypy, strict
	$(BIN)/mypy

layers: setup-dev ## import-linter: who may import whom
	$(BIN)/lint-imports --no-cache

unit: setup-dev ## the tests, without the slow ones
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

slow: setup-dev ## only the slow tests
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

coverage: setup-dev ## branch coverage and its gates: core 100 %, the whole 90 %
	$(BIN)/python -m pytest -n $(JOBS) --cov --cov-branch --cov-report= $(PYTEST_ARGS)
	$(BIN)/coverage report --include='src/inundate/core/*' --fail-under=100 --skip-covered --show-missing
	$(BIN)/coverage report --fail-under=90 --skip-covered

docs: setup-dev ## the documentation, warnings are errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

reference: setup-dev ## rewrite the generated pages: commands, variables, errors, results
	$(BIN)/python -m inundate.cli.reference docs

wheel: setup-dev ## build the wheel, install it bare in a new environment, run it there
	$(BIN)/python -m pytest -m slow tests/end_to_end/test_wheel.py $(PYTEST_ARGS)

clean: ## remove what builds, tests and docs made (not .venv, not runs)
	rm -rf build dist docs/_build docs/api .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
