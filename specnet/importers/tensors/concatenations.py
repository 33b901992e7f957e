"""Concatenations that begin with the values of an earlier one: DenseNets join all earlier features anew each time."""

from __future__ import annotations

from dataclasses import replace

from specnet.importers.tensors.program import Operator, Program


def nest_concatenations(program: Program) -> Program:
    """Let each concatenation that begins with the inputs of an earlier one along the same axis read that one instead.

    cat(a, b) and cat(a, b, c) become cat(a, b) and cat(cat(a, b), c).
    """
    prefixes = _Prefixes()
    operators = [_nest(op, prefixes, program) for op in program.operators]
    return replace(program, operators=tuple(operators))


def _nest(op: Operator, prefixes: _Prefixes, program: Program) -> Operator:
    values = [name for name in op.inputs if name is not None and name not in program.constants]
    if op.kind != "cat" or not op.shape or len(values) < max(2, len(op.inputs)):
        return op
    earlier, length = prefixes.find(values, op.attributes["dim"] % len(op.shape), op)
    if earlier is None:
        return op
    rule = f"it reads the output of `{earlier.name or earlier.source.name}`, which joins the values that it begins with"
    return replace(op, inputs=(earlier.output, *values[length:]), rule=op.rule or rule)


class _Prefixes:
    """The concatenations so far, by their inputs in order: a tree with an edge for each input."""

    def __init__(self) -> None:
        self._edges: dict[tuple[int, str | int], int] = {}
        self._ends: dict[int, Operator] = {}

    def find(self, values: list[str], dim: int, op: Operator) -> tuple[Operator | None, int]:
        """Return the longest earlier one that these values begin with, and its number of inputs; then add this one."""
        place = self._follow(0, dim)
        found: Operator | None = None
        length = 0
        for number, value in enumerate(values, start=1):
            place = self._follow(place, value)
            if place in self._ends and number < len(values):
                found, length = self._ends[place], number
        self._ends.setdefault(place, op)
        return found, length

    def _follow(self, place: int, step: str | int) -> int:
        return self._edges.setdefault((place, step), len(self._edges) + 1)
