PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PEER   := $(VENV)/.peer
BENCH  := .venv-bench

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow test-laws test-all lint up bench constraints clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(READY) ## everything into .venv, at the versions of constraints.txt

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## the main job on simulated platforms: connect, seal, sync, check, scan, ask
	$(BIN)/integrations demo

test: $(READY) ## the fast suite: no network, server or browser
	$(BIN)/python -m pytest -m "not slow" -n auto

test-slow: $(READY) $(PEER) ## the slower suite: servers, processes killed at random, Great Expectations
	$(BIN)/python -m pytest -m slow -n auto --dist worksteal

# An OpenAI-compatible server that is not ours. Without what it depends on, which is here already but for a faster event
# loop that all other servers would then run on as well.
$(PEER): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --constraint constraints.txt llmock
	@touch $@

test-laws: $(READY) ## the laws of the fast suite, with ten times as many examples
	$(BIN)/python -m pytest -m "not slow" -n auto --thorough

test-all: test test-slow ## both suites

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

bench: $(BENCH)/.ready ## what a sync costs, against the bare work and against dlt; a quarter of an hour
	$(BENCH)/bin/python -m benchmarks $(PARTS)

# An environment of its own: what the peer brings (pyarrow) would change how other packages behave.
$(BENCH)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

up: $(READY) ## the embedded system: Prefect server with its UI, and all schedules
	$(BIN)/integrations up

constraints: ## resolves all dependencies anew and writes constraints.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llmock
	{ echo "# Every dependency at the version it was tested with. Made by: make constraints"; \
	  $(BIN)/python -m pip freeze --exclude-editable --local; } > constraints.txt
	rm -rf $(VENV)

clean: ## removes the environment and caches, never your data in .integrations
	rm -rf $(VENV) $(BENCH) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
