"""Where a line and a statement end, in a text that the grammar cannot read."""

from __future__ import annotations

import re

CONTINUED = r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*->"
"""What makes the lines below go on with the one before, as in the grammar."""

FOLLOWING = re.compile(r"\r?\n" + CONTINUED)
SIGNS = re.compile(r'"[^"\n]*"|#[^\n]*|[{}]|\n(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*(?P<arrow>->)?')
"""What tells where a statement ends; the last is the end of a line with all empty ones behind it."""


def line_around(text: str, at: int) -> tuple[int, int]:
    """Where the line that holds a character begins and ends."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return text.rfind("\n", 0, at) + 1, end - text.endswith("\r", 0, end)


def lines_around(text: str, at: int) -> tuple[int, int]:
    """The same of the line together with those that continue it."""
    start, end = line_around(text, at)
    while following := FOLLOWING.match(text, end):
        end = line_around(text, following.end())[1]
    return start, end


def end_of_statement(text: str, at: int) -> int:
    """Where the statement that begins at `at` ends: where the next one begins."""
    depth = 0
    for sign in SIGNS.finditer(text, at):
        depth = max(0, depth + (sign[0] == "{") - (sign[0] == "}"))
        if sign[0][0] == "\n" and depth == 0 and not sign["arrow"]:
            return sign.end()
    return len(text)
