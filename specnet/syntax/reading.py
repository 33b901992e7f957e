"""What the parser reads of a spec: the source's text, in it what stands in for lines that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from specnet.source import Source, Span

UNREADABLE = "\uffff"
"""Stands in for a line that cannot be read, when the rest is read again; no one can type it."""

Change = tuple[int, int, str]
"""Characters `start` to `end` are replaced by a text."""


@dataclass(frozen=True)
class Reading:
    """A text, and for each of its characters, and for its end, where in the source it stands."""

    source: Source
    text: str
    origins: Sequence[int]

    @classmethod
    def whole(cls, source: Source) -> Reading:
        return cls(source, source.text, range(len(source.text) + 1))

    def part(self, start: int, end: int) -> Reading:
        return Reading(self.source, self.text[start:end], self.origins[start : end + 1])

    def span(self, start: int, end: int) -> Span:
        """The place in the source of the characters `start` to `end` of this text."""
        first = self.origins[start]
        return self.source.span(first, self.origins[end - 1] + 1 if end > start else first)

    def changed(self, changes: Iterable[Change]) -> Reading:
        """The reading with some of its text replaced, in the order given; what is new stands where all the old did."""
        text, origins = self.text, list(self.origins)
        for start, end, new in sorted(changes, key=lambda change: change[0])[::-1]:
            first, last = origins[start], max(origins[start], origins[end] - 1)
            text = text[:start] + new + text[end:]
            origins[start:end] = [min(first + i, last) for i in range(len(new) - 1)] + [last] * bool(new)
        return Reading(self.source, text, origins)


@dataclass
class Fault(Exception):
    """Where reading stopped: at which characters of the text, and the grammar's tokens that could stand there."""

    start: int
    end: int
    possible: frozenset[str]
    at_end: bool = False
    """The text ended too early."""
