"""A brace that is missing behind the word that needs it, or that closes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specnet.syntax.habits.habit import HIDDEN, Habit, Place
from specnet.syntax.habits.lines import Line, lines_of
from specnet.syntax.statements import line_around

NEEDS_BRACE = re.compile(rf"[ \t|}}]*(?:\w+:\s*)?(?P<word>repeat|for|if|else|block)\b[^\n{HIDDEN}]*")
"""The beginning of a line that must open a brace."""


def recognised(place: Place) -> Habit | None:
    """A brace that closes nothing, an arm where none can be, a line that ends before its brace."""
    start = place.fault.start
    if place.token == "}" and _closes_as_many(place.code[place.statement : start]):
        return _missing_above(place.code, start) or _closes_nothing(place)
    if place.token == "|" and not place.code[place.line[0] : start].strip():
        above = [*lines_of(place.code[:start], 0)]
        return _opens_nothing(place.code, above[-1]) if above and _closes_more(place.code[start:]) else None
    if "LBRACE" in place.fault.possible and not place.token.strip():
        return _unopened(place.code, *place.line)
    return None


def _closes_nothing(place: Place) -> Habit:
    start, end = place.fault.start, place.fault.end
    left = place.code[place.line[0] : start] + place.code[end : place.line[1]]
    title = left.strip() or "without the brace"
    return Habit("this brace closes nothing", start, end, ((start, end, ""),), title=title, is_assumed=True)


def _unopened(code: str, start: int, end: int) -> Habit | None:
    """A word that needs a brace, and has none behind it: one stands on the next line, or further down only its end."""
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


def _missing_above(code: str, end: int) -> Habit | None:
    """The word that needs a brace, if the indentation of a closing brace shows which one that is."""
    opened, lines = list[int](), [*lines_of(code[:end] + "}", 0)]
    for i, line in enumerate(lines):
        if line.first == "}" and (not opened or opened[-1] < line.indent):
            return _word_before(code, lines[:i], line.indent)
        for brace in re.findall(r"[{}]", code[line.start : line.end]):
            if brace == "{":
                opened.append(line.indent)
            elif opened:
                opened.pop()
    return None


def _word_before(code: str, lines: Sequence[Line], indent: int) -> Habit | None:
    """The last line with that indentation, if those below it are indented further."""
    at = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].indent <= indent), None)
    if at is None or at == len(lines) - 1 or lines[at].indent < indent:
        return None
    return _opens_nothing(code, lines[at])


def _opens_nothing(code: str, line: Line) -> Habit | None:
    word = re.compile(r"[|\s]*(?:\w+:\s*)?(\w+)").match(code, line.start)
    if word is None or code.find("{", line.start, line.end) >= 0:
        return None
    change, region = (line.end, line.end, " {"), line_around(code, line.start)
    meant = f"{code[line.start : line.end]} {{"
    message = f"`{word[1]}` opens no brace"
    return Habit(message, word.start(1), word.end(1), (change,), meant, is_safe=True, is_assumed=True, region=region)


def _closes_more(code: str) -> bool:
    """Whether more braces are closed than opened."""
    return code.count("}") > code.count("{")


def _closes_as_many(code: str) -> bool:
    return code.count("}") >= code.count("{")
