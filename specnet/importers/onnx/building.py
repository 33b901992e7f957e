"""Builds a program of tensor operators from the operators of an ONNX file, one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Entry, Fate, Scope, SourceLayer, StoredArray
from specnet.importers.onnx.model import Node
from specnet.importers.onnx.tensors import read_tensor
from specnet.importers.protobuf import Message
from specnet.importers.tensors.program import Operator

if TYPE_CHECKING:
    from numpy import ndarray

Sizes = tuple[int, ...]

LARGEST_VALUE = 1 << 15
"""The elements of the largest constant that is computed while reading: sizes, indices and the like, not weights."""

UNKNOWN: Sizes = ()
"""The shape of what an operator gives that is not known here; it has no axes, and neither has a number."""


class NoCounterpart(Exception):
    """An operator is none of those that a program can have; the message says why."""


@dataclass
class ProgramBuilder:
    """The values that were given so far, with their shapes; constants among them have arrays."""

    opset: int
    folder: Path
    """The folder of the file, in which others may hold its tensors."""
    shapes: dict[str, Sizes] = field(default_factory=dict)
    constants: dict[str, StoredArray] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    """Values of an unknown shape."""
    ungiven: dict[str, Operator] = field(default_factory=dict)
    """Those of them that no operator gives so far: outputs beside the first one, which hardly any file reads."""
    _arrays: dict[str, ndarray] = field(default_factory=dict)

    def keep(self, name: str, array: StoredArray) -> str:
        """Add a constant."""
        self.constants[name] = array
        self.shapes[name] = array.shape
        return name

    def keep_value(self, name: str, value: ndarray) -> str:
        """Add a constant that was computed."""
        self._arrays[name] = value
        return self.keep(name, StoredArray(value.shape, lambda: value))

    def is_constant(self, name: str) -> bool:
        return name in self.constants

    def is_small(self, name: str) -> bool:
        """Whether a value is a constant whose numbers may be read."""
        return name in self.constants and prod(self.shapes[name]) <= LARGEST_VALUE

    def array(self, name: str) -> ndarray:
        """Return the numbers of a small constant."""
        if name not in self._arrays:
            self._arrays[name] = self.constants[name].read()
        return self._arrays[name]

    def derive(self, name: str, shape: Sizes, compute: Callable[[ndarray], ndarray], how: str) -> str:
        """Add a constant that is computed from another one when it is needed; return its name."""
        stored = self.constants[name]
        return self.keep(f"{name}:{how}", StoredArray(shape, lambda: compute(stored.read()).reshape(shape)))


@dataclass
class Conversion:
    """An operator of the file while it is converted: its inputs and what it becomes."""

    node: Node
    program: ProgramBuilder
    source: SourceLayer
    scope: tuple[Scope, ...] = ()
    name: str = ""
    differs: str = ""
    _parts: int = 0

    @property
    def opset(self) -> int:
        return self.program.opset

    def refuse(self, reason: str) -> NoCounterpart:
        """Return the exception for an operator that is sound, and has no counterpart here for a reason."""
        return NoCounterpart(reason)

    def error(self, problem: str) -> UnreadableModel:
        return UnreadableModel(f"the {self.source.kind} `{self.source.name}` {problem}")

    def input(self, place: int = 0) -> str:
        """Return the name of an input that must be there."""
        if not self.node.has_input(place):
            raise self.error(f"has no input {place + 1}")
        return self.node.inputs[place]

    def optional(self, place: int) -> str | None:
        return self.node.inputs[place] if self.node.has_input(place) else None

    @property
    def output(self) -> str:
        return self.node.outputs[0]

    def shape(self, place: int = 0) -> Sizes:
        return self.program.shapes[self.input(place)]

    def axis(self, default: int | None = None, name: str = "axis", rank: int | None = None) -> int:
        """Return an axis that an attribute names, counted from the first one."""
        return self.count_axis(self.node.get(name, default), len(self.shape()) if rank is None else rank)

    def count_axis(self, axis: int, rank: int) -> int:
        if not -rank <= axis < max(rank, 1):
            raise self.error(f"is along axis {axis} of a value that has {rank}")
        return axis % max(rank, 1)

    def array(self, place: int) -> ndarray:
        """Return the numbers of an input that must be a small constant."""
        name = self.input(place)
        if not self.program.is_small(name):
            raise self.error(f"takes `{name}`, which says a size or place and is only known when the network runs")
        return self.program.array(name)

    def integers(self, place: int, attribute: str = "") -> list[int] | None:
        """Return whole numbers that are an input, or in older files an attribute; None where neither is given."""
        if self.node.has_input(place):
            return [int(number) for number in self.array(place).reshape(-1).tolist()]
        numbers: list[int] | None = self.node.get(attribute) if attribute else None
        return numbers

    def number(self, place: int, attribute: str, default: float | None) -> float | None:
        """Return a number that is an input, or in older files an attribute."""
        if self.node.has_input(place):
            return float(self.array(place).reshape(-1)[0])
        value: float | None = self.node.get(attribute, default)
        return value

    def emit(self, kind: str, inputs: Sequence[str | None], sizes: Sequence[int], /, **attributes: Any) -> str:
        """Add an operator that gives a part of the result; return the name of what it gives."""
        self._parts += 1
        return self._add(kind, inputs, f"{self.output}:{self._parts}", sizes, attributes)

    def give(
        self, kind: str, inputs: Sequence[str | None], sizes: Sequence[int], place: int = 0, /, **attributes: Any
    ) -> None:
        """Add the operator that gives an output."""
        self._add(kind, inputs, self.node.outputs[place], sizes, attributes)

    def tensor(self, message: Message) -> StoredArray:
        """Return the tensor that an attribute holds."""
        return read_tensor(message, self.program.folder)

    def number_constant(self, value: float) -> str:
        """Return the name of a constant without axes."""
        import numpy as np

        return self.program.keep_value(f"{self.output}:{value:g}", np.array(value, "f4"))

    def _add(
        self, kind: str, inputs: Sequence[str | None], output: str, shape: Sequence[int], attributes: Mapping[str, Any]
    ) -> str:
        sizes = tuple(int(size) for size in shape)
        if any(size < 1 for size in sizes):
            raise self.error(f"comes to {'×'.join(map(str, sizes))}: its sizes do not fit its input")
        self.program.operators.append(
            Operator(
                kind,
                tuple(inputs),
                output,
                sizes,
                self.source,
                attributes,
                self.scope,
                self.name,
                self.differs,
            )
        )
        self.program.shapes[output] = sizes
        return output


def record_constant(program: ProgramBuilder, source: SourceLayer) -> None:
    """Record an operator that always gives the same."""
    reason = "it gives the same for every input, and was computed while reading"
    program.entries.append(Entry(source, Fate.EQUAL, (), (reason,), computes=False))


def broadcast(*shapes: Sizes) -> Sizes:
    """Return the shape that values of these shapes are brought to; raises ValueError where they do not fit."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    sizes = []
    for column in zip(*padded, strict=True):
        different = {size for size in column if size != 1}
        if len(different) > 1:
            raise ValueError(f"sizes {' and '.join(map(str, sorted(different)))} do not fit")
        sizes.append(different.pop() if different else 1)
    return tuple(sizes)
