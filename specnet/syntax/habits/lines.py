"""The lines of a text that have code on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from specnet.syntax.habits.habit import HIDDEN
from specnet.syntax.reading import UNREADABLE

WITH_CODE = re.compile(rf"^([ \t]*)([^\s{HIDDEN}{UNREADABLE}].*?)[ \t\r{HIDDEN}]*$", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """Where a line's code begins and ends, how far it is indented, its first sign."""

    start: int
    end: int
    indent: int
    first: str


def lines_of(code: str, start: int) -> Iterator[Line]:
    """Those from `start` on, of a text with comments and texts in quotes hidden."""
    for found in WITH_CODE.finditer(code, start):
        yield Line(found.start(2), found.end(2), len(found[1]), found[2][0])
