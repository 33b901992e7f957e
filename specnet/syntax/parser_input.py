"""The text that the parser reads: a source in which placeholders may replace lines that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from specnet.records import Record
from specnet.source import Source, Span

PLACEHOLDER = "\uffff"
"""Stands for a line that cannot be read when the rest is read again; no one can type it."""

MASK = "\0"
"""Stands for each character of a string or comment; no spec can have it."""

CONTINUATION = re.compile(r"\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*->")
"""The arrow on a line below that continues a line, as in the grammar."""

BOUNDARIES = re.compile(r'"[^"\n]*"|#[^\n]*|[{}]|\n(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*(?P<arrow>->)?')
"""Braces, and line ends with the empty lines after them; also strings and comments, to skip them."""

PART = 4_000
"""Statements of so many characters are read at once, so that an error below does not cost reading all of them again."""

TextChange = tuple[int, int, str]
"""A replacement of characters: start, end, and the new text."""


class ParserInput(Record):
    """A text with the offset in the source of each of its characters and of its end."""

    source: Source
    text: str
    origins: Sequence[int]

    @classmethod
    def of(cls, source: Source) -> ParserInput:
        """Return the whole text of a source."""
        return cls(source, source.text, range(len(source.text) + 1))

    def part(self, start: int, end: int) -> ParserInput:
        """Return the characters `start` to `end` (exclusive) with their offsets."""
        return ParserInput(self.source, self.text[start:end], self.origins[start : end + 1])

    def span(self, start: int, end: int) -> Span:
        """Return the span in the source of the characters `start` to `end` of this text."""
        first = self.origins[start]
        return self.source.span(first, self.origins[end - 1] + 1 if end > start else first)

    def apply(self, changes: Iterable[TextChange]) -> ParserInput:
        """Return the input with changes made, in the order given; new text has the offsets of the old."""
        text, origins = self.text, list(self.origins)
        for start, end, new in sorted(changes, key=lambda change: change[0])[::-1]:
            first, last = origins[start], max(origins[start], origins[end] - 1)
            text = text[:start] + new + text[end:]
            origins[start:end] = [min(first + i, last) for i in range(len(new) - 1)] + [last] * bool(new)
        return ParserInput(self.source, text, origins)


@dataclass
class ParseError(Exception):
    """The offsets of the token at which the parser stopped, and the grammar's terminals that it expected."""

    start: int
    end: int
    expected: frozenset[str]
    is_at_end: bool = False
    """The text ended too early."""

    def move(self, by: int) -> ParseError:
        """Return the error with offsets that count from so many characters above."""
        return ParseError(self.start + by, self.end + by, self.expected, self.is_at_end)


def mask_text(text: str) -> str:
    """Return the text with strings and comments masked; every other character keeps its offset."""
    return re.sub(r'"[^"\n]*"|#[^\n]*', lambda found: MASK * len(found[0]), text)


@lru_cache(maxsize=4)
def mask_file(text: str) -> str:
    """Return a whole file as `mask_text` does, which each of its errors asks for."""
    return mask_text(text)


def find_line(text: str, at: int) -> tuple[int, int]:
    """Return the start and the end of the line around an offset."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return text.rfind("\n", 0, at) + 1, end - text.endswith("\r", 0, end)


def find_continued_line(text: str, at: int) -> tuple[int, int]:
    """Return the start of the line around an offset, and the end of the last line that continues it."""
    start, end = find_line(text, at)
    while continuation := CONTINUATION.match(text, end):
        end = find_line(text, continuation.end())[1]
    return start, end


def find_statement_end(text: str, at: int) -> int:
    """Return the end of the statement that begins at an offset, where the next one begins."""
    return next(find_statement_ends(text, at), len(text))


def find_statement_ends(text: str, at: int) -> Iterator[int]:
    """Yield the ends of the statements that begin at an offset and below, which are in no braces, up to the last."""
    depth, end = 0, at
    for boundary in BOUNDARIES.finditer(text, at):
        depth = max(0, depth + (boundary[0] == "{") - (boundary[0] == "}"))
        if boundary[0][0] == "\n" and depth == 0 and not boundary["arrow"]:
            end = boundary.end()
            yield end
    if end < len(text):
        yield len(text)


def find_part_end(text: str, at: int) -> int:
    """Return the end of the statements that are read at once from an offset on."""
    return next((end for end in find_statement_ends(text, at) if end - at >= PART), len(text))
