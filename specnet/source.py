"""The text of a spec and positions in it: `Source`, `Span`."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from specnet.records import Record


@dataclass(frozen=True, eq=False)
class Source:
    """A spec's text and the name it is shown under (its path, or `<text>`)."""

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0] + [i + 1 for i, character in enumerate(self.text) if character == "\n"]

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both counted from 1, columns in characters."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of a line (counted from 1) without its line end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def span(self, start: int, end: int) -> Span:
        """Return the span of the characters `start` to `end` (exclusive)."""
        return Span(self, start, end)

    def span_of_line(self, number: int) -> Span:
        """Return the span of a line (counted from 1) without its line end."""
        start = self._line_starts[number - 1]
        return Span(self, start, start + len(self.line(number)))


class Span(Record):
    """Characters `start` to `end` (exclusive) of a source."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        return self.source.position(self.end)[1]

    def contains(self, other: Span) -> bool:
        """Return whether another span is within this one."""
        return self.source is other.source and self.start <= other.start and other.end <= self.end

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of the later one."""
        return Span(self.source, self.start, max(self.end, other.end))
