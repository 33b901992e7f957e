"""The programs to be measured: checks of a few specs, and what other tools do with the same networks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from bench.timing import Comparison, Program

ROOT = Path(__file__).parents[2]

FLOOR = """
import lark
from pydantic import BaseModel
class Model(BaseModel):
    size: int
Model(size=3)
"""
"""What no check can do without."""

PARSER = """
from pathlib import Path
grammar = Path("grammars/specnet.lark").read_text(encoding="utf-8")
lark.Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True, cache={cache!r})
"""
"""The parser of specs from a cache of its tables."""

ALEXNET = """
from torch import nn
from torchinfo import summary
features = [
    nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
]
classifier = [
    nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(),
    nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000),
]
summary(nn.Sequential(*features, *classifier), (1, 3, 227, 227), device="cpu", verbose=1)
"""

KERAS = """
import keras
from keras import layers
keras.Sequential([
    keras.Input((227, 227, 3)),
    layers.Conv2D(96, 11, 4, activation="relu"), layers.MaxPooling2D(3, 2),
    layers.Conv2D(256, 5, padding="same", activation="relu"), layers.MaxPooling2D(3, 2),
    layers.Conv2D(384, 3, padding="same", activation="relu"),
    layers.Conv2D(384, 3, padding="same", activation="relu"),
    layers.Conv2D(256, 3, padding="same", activation="relu"), layers.MaxPooling2D(3, 2),
    layers.Flatten(), layers.Dense(4096, activation="relu"), layers.Dropout(0.5),
    layers.Dense(4096, activation="relu"), layers.Dropout(0.5), layers.Dense(1000),
]).summary()
"""

CHAIN = """
from torch import nn
from torchinfo import summary
layers = [layer for _ in range({pairs}) for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
summary(nn.Sequential(*layers), (1, 8, 32, 32), device="cpu", verbose=1)
"""

REPEAT = """
input 32x32x8
repeat {bodies} {{
  conv K=8 F=3 P=1
  bn
  relu
}}
"""


class Programs:
    """The programs to be measured; their specs and caches go into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list_comparisons(self, length: int) -> Iterator[Comparison]:
        """Yield all comparisons, of chains of `length` layers and of ten times as many."""
        beside = {
            "an interpreter with lark and one model of pydantic": self._run(FLOOR),
            "and the parser from its cache": self._run(FLOOR + PARSER.format(cache=str(self.folder / "parser"))),
            "torchinfo": self._run_if_installed("torchinfo", ALEXNET),
            "Keras": self._run_if_installed("keras", KERAS),
        }
        yield Comparison("specnet check specs/alexnet.net", self._check("specs/alexnet.net"), beside)
        for layers in (length, 10 * length):
            spec = self._write("chain.net", "input 32x32x8\n" + "conv K=8 F=3 P=1\nrelu\n" * (layers // 2))
            other = self._run_if_installed("torchinfo", CHAIN.format(pairs=layers // 2))
            yield Comparison(f"a chain of {layers:,} layers", self._check(spec), {"torchinfo": other})
        spec = self._write("repeat.net", REPEAT.format(bodies=5 * length))
        title = f"`repeat` of {5 * length:,} bodies of three layers, as JSON"
        yield Comparison(title, self._check(spec, "--format", "json"), {})

    def check_with(self, checkout: Path, ours: Program) -> Program:
        """Return the same check by another checkout of SpecNet."""
        return Program(ours.command, checkout.resolve(), self.folder / "cache-before")

    def _check(self, spec: str, *options: str) -> Program:
        return Program((sys.executable, "-m", "specnet", "check", spec, *options), ROOT, self.folder / "cache")

    def _run(self, code: str) -> Program:
        return Program((sys.executable, "-c", code), ROOT, self.folder / "cache")

    def _run_if_installed(self, module: str, code: str) -> Program | str:
        return self._run(code) if find_spec(module) else f"{module} is not installed"

    def _write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)
