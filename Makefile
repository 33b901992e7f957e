# make demo         create a virtual environment, check and draw AlexNet, train a network on digits
# make test         run what CI runs: linter, type checker, import contracts, tests
# make test-slow    the same with the slow tests
# make bench        compare the time of a check with its imports, torchinfo and Keras
# make bench-train  compare the speed of training with other loops, in about ten minutes on an idle machine
# make bench-draw   compare the time from the command to a picture with torchview and Keras, in three minutes
# make zoo          compare the networks of specs/ with other implementations, in eight minutes; writes docs/zoo.md
# make gallery      make the pictures of docs/gallery again; make gallery-others, those of other tools

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# one process per core; a process that has finished takes over tests of another
PARALLEL := --numprocesses auto --dist worksteal

.PHONY: demo test test-slow bench bench-train bench-draw zoo gallery gallery-others lint clean

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

bench-draw: $(BIN)/specnet
	$(BIN)/python tools/bench_drawing.py $(BENCH)

zoo: $(BIN)/specnet
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[oracle]"
	$(BIN)/python tools/reference_equality $(ZOO)

gallery: $(BIN)/pytest
	$(BIN)/python tools/gallery

gallery-others: $(BIN)/pytest
	$(BIN)/python tools/gallery --others

clean:
	rm -rf $(VENV) dist build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
