"""Braces: one that is never closed, one that closes nothing, one that is missing behind the word that needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from specnet.syntax.habits.habit import HIDDEN, Habit
from specnet.syntax.reading import Fault
from specnet.syntax.statements import line_around

NEEDS_BRACE = re.compile(rf"[ \t|}}]*(?:\w+:\s*)?(?P<word>repeat|for|if|else|block)\b[^\n{HIDDEN}]*")
"""The beginning of a line that must open a brace."""


@dataclass
class Opener:
    """A brace that is open, how far its line is indented, and whether lines in it are indented further."""

    at: int
    indent: int
    has_deeper: bool = False


@dataclass(frozen=True)
class Line:
    """A line with code on it: where that begins and ends, and how far it is indented."""

    start: int
    end: int
    indent: int
    first: str


def recognised(code: str, statement: int, fault: Fault) -> Habit | None:
    """What a fault has to do with braces; `code` is the text with comments and texts in quotes hidden."""
    if fault.at_end:
        return _unclosed(code, statement)
    if code[fault.start : fault.end] == "}" and code.count("{", statement, fault.start) == 0:
        left = "".join(code[slice(*line_around(code, fault.start))].split("}", 1)).strip()
        changes = ((fault.start, fault.end, ""),)
        title = left or "without the brace"
        return Habit("this brace closes nothing", fault.start, fault.end, changes, title=title, is_assumed=True)
    if "LBRACE" in fault.possible and not code[fault.start : fault.end].strip():
        return _unopened(code, fault)
    return None


def _unclosed(code: str, statement: int) -> Habit | None:
    """The brace that the indentation shows to be open too long, else the last one; it is closed where it shows so."""
    opened, last = list[Opener](), statement
    for line in _lines(code, statement):
        if opened and _is_left_open(opened[-1], line):
            return _never_closed(code, opened[-1], last, is_seen=True)
        for outer in opened:
            outer.has_deeper |= line.indent > outer.indent
        for brace in re.finditer(r"[{}]", code[line.start : line.end]):
            if brace[0] == "{":
                at = line.start + brace.start()
                opened.append(Opener(at, line.indent, has_deeper=at + 1 < line.end))
            elif opened:
                opened.pop()
        last = line.end
    return _never_closed(code, opened[-1], last, is_seen=False) if opened else None


def _lines(code: str, start: int) -> Iterator[Line]:
    for found in re.compile(rf"^([ \t]*)([^\s{HIDDEN}].*?)[ \t\r{HIDDEN}]*$", re.MULTILINE).finditer(code, start):
        yield Line(found.start(2), found.end(2), len(found[1]), found[2][0])


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


def _unopened(code: str, fault: Fault) -> Habit | None:
    """A word that needs a brace, and has none behind it: one stands on the next line, or further down only its end."""
    start, end = line_around(code, fault.start)
    head = NEEDS_BRACE.match(code, start)
    if head is None:
        return None
    end = start + len(head[0].rstrip())
    changes = [(end, end, " {")]
    below = re.compile(r"[^\n]*\n\s*\{").match(code, end)
    if below:
        changes.append((below.end() - 1, below.end(), ""))
    elif not _closes_more(code[end:]):
        return None
    meant = f"{code[start:end]} {{"
    message = f"the brace of `{head['word']}` stands on its line" if below else f"`{head['word']}` opens no brace"
    return Habit(message, head.start("word"), head.end("word"), tuple(changes), meant, is_safe=True, is_assumed=True)


def _closes_more(code: str) -> bool:
    """Whether more braces are closed than opened."""
    return code.count("}") > code.count("{")
