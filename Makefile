# make quickstart   creates .venv, trains a small study, draws results/quickstart/figure.png, prints its summary
# make test         creates .venv and runs the tests
# make quick        runs the tests for daily work, under a minute and a half on two cores: all but those marked `heavy`,
#                   which compile many kernels, train networks of images, build the documentation or kill processes
# make check        runs all that the continuous integration does: tests, lint, format, types
# make test-random  runs the tests in random order; SEED=N repeats the order that the first lines of a run name
# make fuzz         reads 10,000 inputs of each kind that nobody would write; NALM_FUZZ=N of them, NALM_FUZZ_SEED=N others
# make tables       looks for the formula of 40 tables of each kind; NALM_TABLES=N of them, NALM_TABLES_SECONDS=S for each
# make docs         builds the documentation, docs/_build/html/index.html

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SEED ?= default

.PHONY: quickstart test quick check test-random fuzz tables docs

quickstart: $(INSTALLED)
	$(BIN)/nalm run quickstart
	$(BIN)/nalm plot results/quickstart --to results/quickstart/figure.png
	$(BIN)/nalm summary results/quickstart

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

quick: $(INSTALLED)
	$(BIN)/python -m pytest -q -n auto -m "not heavy and not cluster and not browser and not slow"

check: test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test-random: $(INSTALLED)
	$(BIN)/python -m pytest -n auto -p randomly --randomly-seed=$(SEED)

fuzz: $(INSTALLED)
	NALM_FUZZ=$${NALM_FUZZ:-10000} $(BIN)/python -m pytest -n auto -rA tests/faults/test_fuzz.py

tables: $(INSTALLED)
	NALM_TABLES=$${NALM_TABLES:-40} $(BIN)/python -m pytest -n auto -rA tests/regression/test_held_back.py

docs: $(INSTALLED)
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --editable '.[test]'
	touch $@
