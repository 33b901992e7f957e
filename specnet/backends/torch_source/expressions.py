"""Numbers as they follow from others at every call of a class: `filters`, `4 * filters`, `kernel_size // 2`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

Vector = tuple[Any, ...]
"""A value at each call of a class; ABSENT where a call leaves the part out."""


class _Absent:
    """No value."""


ABSENT = _Absent()

Expression = tuple[str, tuple[str, ...]]
"""What is written, and the names in it."""


def is_same(one: object, other: object) -> bool:
    """Equality that tells 1, 1.0 and True apart."""
    return type(one) is type(other) and one == other


def is_equal(vector: Vector, named: Vector) -> bool:
    """Whether two vectors agree wherever the first has a value."""
    return len(vector) == len(named) and all(
        value is ABSENT or is_same(value, other) for value, other in zip(vector, named, strict=True)
    )


def expressions(vector: Vector, names: Mapping[str, Vector], is_count: bool) -> Iterator[Expression]:
    """The names, multiples, quotients and products that are the vector, simplest first."""
    yield from ((name, (name,)) for name, values in names.items() if is_equal(vector, values))
    calls = [call for call, value in enumerate(vector) if value is not ABSENT]
    wanted = [vector[call] for call in calls]
    given = {name: [values[call] for call in calls] for name, values in names.items()}
    if not _are_whole(wanted):
        return
    whole = {name: values for name, values in given.items() if _are_whole(values)}
    for name, values in whole.items():
        yield from ((text, (name,)) for text in _from_one(name, values, wanted, is_count))
    for one, other in combinations(whole, 2):
        if wanted == [a * b for a, b in zip(whole[one], whole[other], strict=True)]:
            yield f"{one} * {other}", (one, other)


def _are_whole(values: Sequence[object]) -> bool:
    return all(type(value) is int and value > 0 for value in values)


def _from_one(name: str, values: Sequence[int], wanted: Sequence[int], is_count: bool) -> Iterator[str]:
    """Multiples and quotients of one name; for how often a part is repeated, also `n - 1`."""
    factor, quotient, more = wanted[0] // values[0], values[0] // wanted[0], wanted[0] - values[0]
    if factor > 1 and wanted == [factor * value for value in values]:
        yield f"{factor} * {name}"
    for divisor in (quotient, 2):
        if divisor > 1 and wanted == [value // divisor for value in values]:
            yield f"{name} // {divisor}"
    if is_count and wanted == [value + more for value in values]:
        yield f"{name} {'+' if more > 0 else '-'} {abs(more)}"
