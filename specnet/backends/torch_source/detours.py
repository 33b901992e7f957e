"""Two structures that are one but for parts which the smaller leaves out: `identity or { … }`, a skipped residual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

Reference = tuple[str, int]
"""A value within a unit: the name of the part that makes it, or "" for what enters, and which of its values it is."""


@dataclass(frozen=True)
class Line:
    """A part without its numbers."""

    name: str
    owner: str
    form: object
    reads: tuple[Reference, ...]

    @property
    def alone(self) -> tuple[str, str, object]:
        """The part without what it reads."""
        return self.name, self.owner, self.form


@dataclass(frozen=True)
class Skeleton:
    """The parts of a unit and the values that leave it."""

    lines: tuple[Line, ...]
    outs: tuple[Reference, ...]


@dataclass(frozen=True)
class Detour:
    """Parts that follow each other and that some calls leave out; `made` is then the value that `instead` is."""

    parts: tuple[str, ...]
    made: Reference
    instead: Reference


def detours(whole: Skeleton, other: Skeleton) -> tuple[Detour, ...] | None:
    """What `other` leaves out of `whole`; None if they differ in more than that."""
    names = {line.name for line in other.lines}
    common = [line for line in whole.lines if line.name in names]
    if [line.alone for line in common] != [line.alone for line in other.lines]:
        return None
    parts = [list(part) for is_common, part in groupby(whole.lines, lambda line: line.name in names) if not is_common]
    left_out = [tuple(line.name for line in part) for part in parts]
    made = [_only_value(whole, part) for part in left_out]
    replaced = _replaced(_reads(common, whole.outs), _reads(other.lines, other.outs), made)
    if replaced is None or None in made:
        return None
    pairs = zip(left_out, made, strict=True)
    found = tuple(Detour(part, value, replaced[value]) for part, value in pairs if value in replaced)
    return found if len(found) == len(left_out) and all(_is_ahead(whole, detour) for detour in found) else None


def _reads(lines: Sequence[Line], outs: tuple[Reference, ...]) -> list[tuple[Reference, ...]]:
    return [*(line.reads for line in lines), outs]


def _only_value(whole: Skeleton, parts: tuple[str, ...]) -> Reference | None:
    """The value made by these parts that is read elsewhere, if there is one only."""
    elsewhere = [line for line in whole.lines if line.name not in parts]
    values = {value for reads in _reads(elsewhere, whole.outs) for value in reads if value[0] in parts}
    return values.pop() if len(values) == 1 else None


def _replaced(
    whole: list[tuple[Reference, ...]], other: list[tuple[Reference, ...]], made: Sequence[Reference | None]
) -> dict[Reference, Reference] | None:
    """What is read in the place of each value that is not made; None if anything else differs."""
    found: dict[Reference, Reference] = {}
    for pair in _pairs(whole, other):
        if pair is None:
            return None
        value, instead = pair
        if value in made and found.setdefault(value, instead) == instead:
            continue
        if value in made or value != instead:
            return None
    return found


def _pairs(
    whole: list[tuple[Reference, ...]], other: list[tuple[Reference, ...]]
) -> Iterator[tuple[Reference, Reference] | None]:
    for reads, others in zip(whole, other, strict=True):
        if len(reads) != len(others):
            yield None
        yield from zip(reads, others, strict=False)


def _is_ahead(whole: Skeleton, detour: Detour) -> bool:
    """Whether the value that stands in for the detour's is there before it."""
    names = [line.name for line in whole.lines]
    source = detour.instead[0]
    return not source or names.index(source) < names.index(detour.parts[0])
