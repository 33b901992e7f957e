"""Reading on behind a line that cannot be read: it is reported, and something stands in for it.

What stands in gives the names that the line gives, holds the braces that it holds, and lets nothing known through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, report
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.faults import explained
from specnet.syntax.habits import recognised
from specnet.syntax.habits.habit import Habit, hidden
from specnet.syntax.reading import Change, Fault, Reading
from specnet.syntax.stand_ins import GAP, naming, silent
from specnet.syntax.statements import end_of_statement, line_around, lines_around

MOST_ERRORS = 20
"""Lines that cannot be read are reported up to this number; then the rest is not looked at."""

Read = Callable[[Reading], tree.Lines]
"""The lines of a text; raises Fault at the first that is none."""


def recovered(source: Source, read: Read) -> tuple[tree.Lines, list[Diagnostic]]:
    """The lines of a source that cannot be read as a whole, statement by statement, and what cannot be read."""
    reading, at = Reading.whole(source), 0
    lines, diagnostics, said = list[tree.Line](), list[Diagnostic](), set[int]()
    while at < len(reading.text) and len(diagnostics) < MOST_ERRORS:
        found = _statement(reading, at, read)
        if not isinstance(found, Fault):
            lines += found
            at = end_of_statement(reading.text, at)
            continue
        line = reading.span(found.start, found.start).line
        if line in said:  # its stand-in did not help: what was begun before it is left out with it
            lines.append(tree.Unreadable(reading.span(at, at + 1), None))
            at = max(at, line_around(reading.text, found.start)[1]) + 1
            continue
        habit = recognised(reading.text, at, found)
        diagnostics.append(_diagnostic(reading, found, habit))
        said.add(line)
        reading = _read_on(reading, at, found, habit, read)
    return tuple(lines), diagnostics


def _statement(reading: Reading, at: int, read: Read) -> tree.Lines | Fault:
    """The lines of the statement that begins at `at`, or where in the whole text it cannot be read."""
    try:
        return read(reading.part(at, end_of_statement(reading.text, at)))
    except Fault as fault:
        return Fault(at + fault.start, at + fault.end, fault.possible, fault.at_end)


def _diagnostic(reading: Reading, fault: Fault, habit: Habit | None) -> Diagnostic:
    """What is said of a fault, with the line as it should be as a candidate."""
    if habit is None:
        message, start, end = explained(reading.text, fault)
        return report(Code.E003, message, reading.span(start, end))
    edits = tuple(Edit(reading.span(start, end), text) for start, end, text in habit.changes)
    fixes = [Fix(habit.title or habit.meant.strip(), edits, habit.is_safe)] if edits else []
    return report(Code.E003, habit.message, reading.span(habit.start, habit.end), fixes=fixes)


def _read_on(reading: Reading, at: int, fault: Fault, habit: Habit | None, read: Read) -> Reading:
    """The reading with the first stand-in for the bad line with which it can be read further than there."""
    region = (habit and habit.region) or lines_around(reading.text, fault.start)
    behind = len(reading.text) - region[1]
    changed = reading
    for changes in _stand_ins(reading.text, at, region, habit):
        changed = reading.changed(changes)
        found = _statement(changed, at, read)
        if not isinstance(found, Fault) or (not found.at_end and found.start >= len(changed.text) - behind):
            break
    return changed


def _stand_ins(text: str, at: int, region: tuple[int, int], habit: Habit | None) -> Iterator[Sequence[Change]]:
    """What may stand in for a region, the most telling first. The last one can always be read."""
    start, end = region
    bad = text[start:end]
    if habit and habit.is_assumed:
        yield _as_meant(text, region, habit)
    if not text.startswith("train", at):
        yield [(start, end, naming(bad))]
    yield [(start, end, silent(bad))]
    yield [(start, end, GAP)]
    yield [(at, end_of_statement(text, at), GAP)]


def _as_meant(text: str, region: tuple[int, int], habit: Habit) -> Sequence[Change]:
    """The text as it should be, with a gap before it, and behind it unless it says what shape it gives."""
    start, end = region
    start += len(re.match(r"[\s|}]*(?:->)?", text[start:end])[0])  # type: ignore[index]  # matches everywhere
    meant = hidden(habit.meant)
    goes_on = meant.count("{") > meant.count("}") or "=>" in meant
    return [(start, start, GAP), *habit.changes, (end, end, "" if goes_on else GAP)]
