# make quickstart   creates .venv, trains a small study, draws results/quickstart/figure.png, prints its summary
# make test         creates .venv and runs the tests
# make docs         builds the documentation, docs/_build/html/index.html

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: quickstart test docs

quickstart: $(INSTALLED)
	$(BIN)/nalm run quickstart
	$(BIN)/nalm plot results/quickstart --to results/quickstart/figure.png
	$(BIN)/nalm summary results/quickstart

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

docs: $(INSTALLED)
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --editable '.[test]'
	touch $@
