# make demo   a virtual environment, AlexNet checked and drawn, digits trained to its accuracy
# make test   all that CI runs: lint, types, contracts between rooms, tests
# make test-slow   the tests that take longer, too
# make bench-train   the trainer beside other loops, in about ten minutes; on a quiet machine

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# a process per core; one that has run out of tests takes over some of another's
PARALLEL := --numprocesses auto --dist worksteal

.PHONY: demo test test-slow bench-train lint clean

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

bench-train: $(BIN)/specnet
	$(BIN)/python tools/bench_train $(BENCH)

clean:
	rm -rf $(VENV) dist build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
