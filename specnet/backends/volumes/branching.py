"""Lines of one value to several readers: what two of them share is drawn once, and the shorter one branches off."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from specnet.backends.volumes.scene import Point, approach

Line = tuple[Point, ...]


def cut_shared(line: Line, others: Iterable[Line]) -> Line:
    """Return the end of a line that leaves all others, with the bend at which it does."""
    last = max((_find_last_shared(line, other) for other in others), default=0)
    return (approach(line[last], line[last - 1]), *line[last:]) if last else line


def _find_last_shared(line: Line, other: Line) -> int:
    """Return the place of the last corner of a line up to which it runs along another one."""
    equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(line, other, strict=False)))
    if not equal:
        return 0
    inside = equal < min(len(line), len(other)) and _is_between(other[equal - 1], line[equal], other[equal])
    return min(equal if inside else equal - 1, len(line) - 1)


def _is_between(start: Point, middle: Point, end: Point) -> bool:
    """Whether a point is on a line that runs along an axis."""
    return all(min(a, b) <= at <= max(a, b) for a, at, b in zip(start, middle, end, strict=True))
