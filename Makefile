# Groundplan: `make up` brings the platform up on this machine, `make test` tests it. `make help` lists the rest.

PYTHON ?= python3
STACK ?= dev
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# One bin for each kind of installation, so that `make up` never installs the tools of the tests.
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
# A test that hangs ends its worker with the stacks of all threads, and a worker that dies ends the run with the test's name.
TWO_AT_A_TIME := -n 2 --dist loadfile --max-worker-restart 0 -o faulthandler_exit_on_timeout=true -o faulthandler_timeout=900
# Compiled modules stay in $(VENV), whatever the shell says: the program starts three times as fast with them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up down destroy test check types lint imports unit e2e soak pages bench lock wheels docs clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

up: $(READY) ## Bring the dev platform up on this machine, train, serve and predict
	@$(BIN)/groundplan start $(STACK)

down: $(READY) ## Stop the sandbox; everything stays for the next `make up`
	@$(BIN)/groundplan sandbox stop

destroy: $(READY) ## Destroy the dev platform and count what remains
	@$(BIN)/groundplan destroy $(STACK) --yes

test: check unit e2e ## Style, types, import contract, unit tests and the main job end to end

check: lint types imports ## Style, types and the import contract

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY_DEV)
	$(BIN)/mypy

imports: $(READY_DEV)
	$(BIN)/lint-imports

unit: $(READY_DEV) ## The unit tests of each room
	$(BIN)/pytest -m "not e2e and not soak" $(TWO_AT_A_TIME)

e2e: $(READY_DEV) ## The main job through real clients
	$(BIN)/pytest -m e2e $(TWO_AT_A_TIME)

soak: $(READY_DEV) ## Long checks: kills at every step
	$(BIN)/pytest -m soak

pages: $(READY_DEV) ## Write the pages that are made from the program: settings, cost, platform
	$(BIN)/python -m infra.settings.page > docs/settings.md
	$(BIN)/python -m ops.pages

bench: $(READY_DEV) ## Measure speed and memory on this machine
	$(BIN)/python -m benchmarks

lock: $(READY) ## Compile requirements*.txt from the .in files
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-uv.in -o requirements-uv.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.txt ml/requirements.in -o ml/requirements.txt
	for image in training inference; do $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.txt ml/images/$$image/requirements.in -o ml/images/$$image/requirements.txt; done
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt

wheels: $(READY) ## Download what the jobs install on AWS into ml/wheels, which travels in the source archive
	$(BIN)/python -m pip download -q --require-hashes --only-binary=:all: --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --python-version 3.11 -r ml/requirements.txt -d ml/wheels

clean: ## Remove the virtual environment and everything that the sandbox keeps
	@if [ -x $(BIN)/groundplan ]; then $(BIN)/groundplan sandbox stop; fi
	rm -rf $(VENV) .groundplan

$(UV): requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Groundplan needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

$(READY): $(UV) requirements.txt pyproject.toml
	@echo "Installing the pinned requirements into $(VENV)"
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.txt
	@echo "Installing the tools of the tests into $(VENV)"
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@
