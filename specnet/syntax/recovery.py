"""Reading on behind a line that cannot be read: it is reported, and something stands in for it.

What stands in gives the names that the line gives, holds the braces that it holds, and lets nothing known through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, report
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.faults import explained
from specnet.syntax.habits import recognised
from specnet.syntax.habits.habit import Habit, hidden, line_around
from specnet.syntax.reading import Change, Fault, Reading
from specnet.syntax.stand_ins import GAP, names_of, silent

MOST_ERRORS = 20
"""Lines that cannot be read are reported up to this number; then the rest is not looked at."""

CONTINUED = r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*->"
"""What makes the lines below go on with the one before."""

Read = Callable[[Reading], tree.Lines]
"""The lines of a text; raises Fault at the first that is none."""


def recovered(source: Source, read: Read) -> tuple[tree.Lines, list[Diagnostic]]:
    """The lines of a source that cannot be read as a whole, statement by statement, and what cannot be read."""
    reading, at = Reading.whole(source), 0
    lines, diagnostics = list[tree.Line](), list[Diagnostic]()
    while at < len(reading.text) and len(diagnostics) < MOST_ERRORS:
        end = end_of_statement(reading.text, at)
        fault = _fault(reading, at, end, read)
        if fault is None:
            lines += read(reading.part(at, end))
            at = end
        else:
            habit = recognised(reading.text, at, fault)
            diagnostics.append(_diagnostic(reading, fault, habit))
            reading = _read_on(reading, at, fault, habit, read)
    return tuple(lines), diagnostics


def end_of_statement(text: str, at: int) -> int:
    """Where the statement that begins at `at` ends: behind its line, its braces, and what continues it."""
    depth = 0
    for sign in re.finditer(r'"[^"\n]*"|#[^\n]*|[{}]|\n(?!' + CONTINUED + ")", text[at:]):
        depth = max(0, depth + (sign[0] == "{") - (sign[0] == "}"))
        if sign[0] == "\n" and depth == 0:
            return at + sign.end()
    return len(text)


def _fault(reading: Reading, start: int, end: int, read: Read) -> Fault | None:
    """Where a statement cannot be read, in characters of the whole text."""
    try:
        read(reading.part(start, end))
    except Fault as fault:
        return Fault(start + fault.start, start + fault.end, fault.possible, fault.at_end)
    return None


def _diagnostic(reading: Reading, fault: Fault, habit: Habit | None) -> Diagnostic:
    """What is said of a fault, with the line as it should be as a candidate."""
    if habit is None:
        message, start, end = explained(reading.text, fault)
        return report(Code.E003, message, reading.span(start, end))
    edits = tuple(Edit(reading.span(start, end), text) for start, end, text in habit.changes)
    fixes = [Fix(habit.title, edits, habit.is_certain)] if edits else []
    return report(Code.E003, habit.message, reading.span(habit.start, habit.end), fixes=fixes)


def _read_on(reading: Reading, at: int, fault: Fault, habit: Habit | None, read: Read) -> Reading:
    """The reading with the first stand-in for the bad line with which it can be read further than there."""
    region = (habit and habit.region) or _region(reading.text, fault.start)
    behind = len(reading.text) - region[1]
    changed = reading
    for changes in _stand_ins(reading.text, at, region, habit):
        changed = reading.changed(changes)
        again = _fault(changed, at, end_of_statement(changed.text, at), read)
        if again is None or again.start >= len(changed.text) - behind:
            break
    return changed


def _region(text: str, at: int) -> tuple[int, int]:
    """The line that holds a character, with the lines that continue it."""
    start, end = line_around(text, at)
    while following := re.compile(r"\r?\n" + CONTINUED).match(text, end):
        end = line_around(text, following.end())[1]
    return start, end


def _stand_ins(text: str, at: int, region: tuple[int, int], habit: Habit | None) -> Iterator[tuple[Change, ...]]:
    """What may stand in for a region, the most telling first; the last, nothing at all, can always be read."""
    start, end = region
    bad = text[start:end]
    if habit and habit.is_certain:
        yield _as_meant(text, region, habit)
    if not text.startswith("train", at):
        yield ((start, end, silent(bad) + names_of(bad)),)
    yield ((start, end, silent(bad)),)
    yield ((start, end, GAP),)
    yield ((at, end_of_statement(text, at), GAP),)
    yield ((at, len(text), ""),)


def _as_meant(text: str, region: tuple[int, int], habit: Habit) -> tuple[Change, ...]:
    """The text as it should be, with a gap before it, and behind it unless it says what shape it gives."""
    start, end = region
    start += len(re.match(r"[\s|}]*(?:->)?", text[start:end])[0])  # type: ignore[index]  # matches everywhere
    meant = hidden(habit.title)
    opens = meant.count("{") > meant.count("}")
    gaps = [(start, start, GAP), (end, end, "" if opens or "=>" in meant else GAP)]
    return (*habit.changes, *gaps)
