"""A brace that is never closed, shown where it was opened."""

from __future__ import annotations

import re
from dataclasses import dataclass

from specnet.syntax.habits.habit import HIDDEN, Habit, Place
from specnet.syntax.habits.lines import Line, lines_of
from specnet.syntax.statements import line_around


@dataclass
class Opener:
    """A brace that is open, how far its line is indented, and whether lines in it are indented further."""

    at: int
    indent: int
    has_deeper: bool = False


def recognised(place: Place) -> Habit | None:
    """The brace that the indentation shows to be open too long, else the last one; it is closed where it shows so."""
    if not place.fault.at_end:
        return None
    opened, last = list[Opener](), place.statement
    for line in lines_of(place.code, place.statement):
        if opened and _is_left_open(opened[-1], line):
            return _never_closed(place.code, opened[-1], last, is_seen=True)
        for outer in opened:
            outer.has_deeper |= line.indent > outer.indent
        for brace in re.finditer(r"[{}]", place.code[line.start : line.end]):
            if brace[0] == "{":
                at = line.start + brace.start()
                opened.append(Opener(at, line.indent, has_deeper=at + 1 < line.end))
            elif opened:
                opened.pop()
        last = line.end
    return _never_closed(place.code, opened[-1], last, is_seen=False) if opened else None


def _is_left_open(opener: Opener, line: Line) -> bool:
    """Whether a line stands so far to the left that it is no longer between an opener's braces."""
    if line.first == "}":
        return line.indent < opener.indent
    return opener.has_deeper and line.indent <= opener.indent and line.first not in "|-"


def _never_closed(code: str, opener: Opener, end: int, is_seen: bool) -> Habit:
    line = code[slice(*line_around(code, end))].replace(HIDDEN, " ").strip()
    return Habit(
        "this brace is never closed",
        opener.at,
        opener.at + 1,
        ((end, end, " }"),),
        meant="}",
        title=f"{line} }}",
        is_safe=is_seen,
        is_assumed=True,
        region=(end, end),
    )
