"""What passes over a program of operators share: who gives a value, who reads it, and what is left when none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod

from specnet.importers.imported import StoredArray
from specnet.importers.tensors.arrays import read_number, reshape_array
from specnet.importers.tensors.program import Operator, Program


class Finder:
    """Operators of a program by the values that they give."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.by_output = {op.output: op for op in program.operators}
        self.made: dict[str, StoredArray] = {}

    @cached_property
    def reads(self) -> Counter[str]:
        """How often each value is read, outputs of the program included."""
        counts = Counter(name for op in self.program.operators for name in op.inputs if name)
        counts.update(self.program.outputs)
        return counts

    def find(self, name: str | None, *kinds: str) -> Operator | None:
        """Return the operator that gives a value, if it is of one of these kinds."""
        op = self.by_output.get(name or "")
        return op if op and (not kinds or op.kind in kinds) else None

    def find_only_reader(self, op: Operator) -> Operator | None:
        """Return the operator that reads a value, if it is the only one."""
        if self.reads[op.output] != 1:
            return None
        return self.readers.get(op.output)

    @cached_property
    def readers(self) -> dict[str, Operator]:
        """The last operator that reads each value."""
        return {name: op for op in self.program.operators for name in op.inputs if name}

    def flatten(self, name: str | None, shape: tuple[int, ...]) -> str | None:
        """Return a constant in another shape, as a constant of its own."""
        if name is None or self.shape(name) == shape:
            return name
        made = f"{name} as {shape}"
        self.made[made] = reshape_array(self.program.constants[name], shape)
        return made

    def number(self, name: str | None) -> float | None:
        """Return a constant of one number; None for other values."""
        array = self.program.constants.get(name or "")
        return read_number(array) if array and prod(array.shape) == 1 else None

    def is_constant(self, name: str | None) -> bool:
        return name in self.program.constants

    def shape(self, name: str | None) -> tuple[int, ...]:
        """Return the shape of a value, an input or a constant."""
        if op := self.by_output.get(name or ""):
            return op.shape
        if array := self.program.constants.get(name or ""):
            return array.shape
        return self.program.inputs.get(name or "", ())

    def list_pairs(self, op: Operator) -> Iterator[tuple[str | None, str | None]]:
        """Yield the two inputs of an operator in both orders."""
        yield op.inputs[0], op.inputs[1]
        yield op.inputs[1], op.inputs[0]

    def split_number(self, op: Operator) -> tuple[str, float] | None:
        """Return the value and the number that an operator of two inputs reads, in either order."""
        for value, other in self.list_pairs(op):
            number = self.number(other)
            if value and number is not None and not self.is_constant(value):
                return value, number
        return None


def replace_operators(finder: Finder, changed: Mapping[str, Sequence[Operator]]) -> Program:
    """Return a program with other operators for some outputs, and without those that nothing reads any more.

    Of these, only such as the new ones stand for are left out here; the others are reported as unused.
    """
    program = finder.program
    if not changed:
        return program
    operators = [new for op in program.operators for new in changed.get(op.output, (op,))]
    absorbed = {source for new in changed.values() for op in new for source in op.absorbed}
    kept, read = list[Operator](), {*program.outputs}
    for op in reversed(operators):
        if op.output in read or op.source not in absorbed:
            kept.append(op)
            read.update(name for name in op.inputs if name)
    return replace(program, operators=tuple(kept[::-1]), constants={**program.constants, **finder.made})
