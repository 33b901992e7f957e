"""A series of calls, told briefly: so many equal ones, then so many that grow evenly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specnet.backends.torch_source.designs import Design, Instance
from specnet.backends.torch_source.outline import Unit


@dataclass(frozen=True, eq=False)
class Run:
    """Calls of one class, one after the other, that are equal or in which numbers grow by a step."""

    design: Design
    first: Mapping[str, Any]
    steps: Mapping[str, int]
    count: int


def runs(instances: Mapping[str, Instance], steps: Sequence[Unit]) -> list[Run]:
    """The calls of a series, taken together where they can be: equal ones first, then such as grow evenly."""
    equal = list[Run]()
    for instance in (instances[step.path] for step in steps):
        last = equal[-1] if equal else None
        if last and last.design is instance.design and last.first == instance.arguments:
            equal[-1] = Run(last.design, last.first, {}, last.count + 1)
        else:
            equal.append(Run(instance.design, instance.arguments, {}, 1))
    return _growing(equal)


def _growing(equal: list[Run]) -> list[Run]:
    """Joins three or more single calls whose numbers grow by the same steps."""
    joined = list[Run]()
    position = 0
    while position < len(equal):
        length, steps = _evenly(equal[position:])
        taken = equal[position]
        joined.append(Run(taken.design, taken.first, steps, length) if length > 2 else taken)
        position += length if length > 2 else 1
    return joined


def _evenly(equal: list[Run]) -> tuple[int, dict[str, int]]:
    """How many single calls from the first on differ by the same steps, and these."""
    if len(equal) < 2 or (steps := _steps(*equal[:2])) is None:
        return 1, {}
    length = 2
    while length < len(equal) and _steps(*equal[length - 1 : length + 1]) == steps:
        length += 1
    return length, steps


def _steps(one: Run, other: Run) -> dict[str, int] | None:
    """By what the numbers of two single calls differ; None if they differ in more."""
    if one.design is not other.design or one.count > 1 or other.count > 1:
        return None
    differing = {name: (value, other.first[name]) for name, value in one.first.items() if value != other.first[name]}
    if not all(type(value) is int and type(after) is int for value, after in differing.values()):
        return None
    return {name: after - value for name, (value, after) in differing.items()}
