# make demo         create a virtual environment, check and draw AlexNet, train a network on digits
# make test         run what CI runs: linter, type checker, import contracts, tests
# make test-slow    the same with the slow tests
# make bench        compare the time of a check with its imports, torchinfo and Keras
# make bench-train  compare the speed of training with other loops, in about ten minutes on an idle machine

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# one process per core; a process that has finished takes over tests of another
PARALLEL := --numprocesses auto --dist worksteal

.PHONY: demo test test-slow bench bench-train lint clean

$(BIN)/specnet: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch numpy
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train]"
	touch $@

$(BIN)/pytest: $(BIN)/specnet
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(BIN)/specnet
	BIN=$(BIN) tools/demo

lint: $(BIN)/pytest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest $(PARALLEL)

test-slow: lint
	$(BIN)/pytest $(PARALLEL) -m "slow or not slow"

bench: $(BIN)/pytest
	$(BIN)/python tools/bench $(BENCH)

bench-train: $(BIN)/specnet
	$(BIN)/python tools/bench_train $(BENCH)

clean:
	rm -rf $(VENV) dist build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
