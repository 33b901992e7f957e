"""Reading on behind a line that cannot be read: it is reported, and something stands in for it.

What stands in gives the names that the line gives, holds the braces that it holds, and lets nothing known through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, make_diagnostic
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

CHOICE = re.compile(r"\bor\s*\{")
"""In an arm that chooses, nothing else can stand."""

Read = Callable[[Reading], tree.Lines]
"""The lines of a text; raises Fault at the first that is none."""


def recovered(source: Source, read: Read) -> tuple[tree.Lines, list[Diagnostic]]:
    """The lines of a source that cannot be read as a whole, and what cannot be read."""
    recovery = Recovery(Reading.whole(source), read)
    while recovery.starts[-1] < len(recovery.reading.text) and len(recovery.diagnostics) < MOST_ERRORS:
        recovery.step()
    return tuple(line for lines in recovery.statements for line in lines), recovery.diagnostics


class Recovery:
    """Reads a text statement by statement."""

    def __init__(self, reading: Reading, read: Read) -> None:
        self.reading = reading
        self.read = read
        self.statements: list[tree.Lines] = []
        self.starts = [0]
        """Where each of the statements begins, and the next one."""
        self.diagnostics: list[Diagnostic] = []
        self.said: set[int] = set()
        """The lines that are reported."""

    def step(self) -> None:
        """Reads the next statement, or says what is wrong with it and changes what is read."""
        at = self.starts[-1]
        found = self._statement(self.reading, at)
        if not isinstance(found, Fault):
            self._keep(found, end_of_statement(self.reading.text, at))
            return
        habit = recognised(self.reading.text, at, found)
        place = habit.start if habit else found.start
        line = self.reading.span(place, place).line
        if line in self.said:  # its stand-in did not help: what was begun before it is left out with it
            gap = tree.Unreadable(self.reading.span(at, at + 1), None)
            self._keep((gap,), max(at, line_around(self.reading.text, found.start)[1]) + 1)
            return
        self.said.add(line)
        self.diagnostics.append(_diagnostic(self.reading, found, habit))
        self._back_to(place)
        self._read_on(found, habit)

    def _keep(self, lines: tree.Lines, end: int) -> None:
        self.statements.append(lines)
        self.starts.append(end)

    def _back_to(self, place: int) -> None:
        """Forgets the statements that begin behind a place: what is wrong there concerns them."""
        while self.starts[-1] > place:
            self.starts.pop()
            self.statements.pop()

    def _statement(self, reading: Reading, at: int) -> tree.Lines | Fault:
        """The lines of the statement that begins at `at`, or where in the whole text it cannot be read."""
        try:
            return self.read(reading.part(at, end_of_statement(reading.text, at)))
        except Fault as fault:
            return Fault(at + fault.start, at + fault.end, fault.possible, fault.at_end)

    def _read_on(self, fault: Fault, habit: Habit | None) -> None:
        """Takes the first stand-in for the bad line with which the text can be read further than there."""
        was, at = self.reading, self.starts[-1]
        region = (habit and habit.region) or lines_around(was.text, fault.start)
        behind = len(was.text) - region[1]
        for changes in _stand_ins(was.text, at, region, habit):
            self.reading = was.changed(changes)
            found = self._statement(self.reading, at)
            if not isinstance(found, Fault) or (not found.at_end and found.start >= len(self.reading.text) - behind):
                return


def _diagnostic(reading: Reading, fault: Fault, habit: Habit | None) -> Diagnostic:
    """What is said of a fault, with the line as it should be as a candidate."""
    if habit is None:
        message, start, end = explained(reading.text, fault)
        return make_diagnostic(Code.E003, message, reading.span(start, end))
    edits = tuple(Edit(reading.span(start, end), text) for start, end, text in habit.changes)
    fixes = [Fix(habit.title or habit.meant.strip(), edits, habit.is_safe)] if edits else []
    return make_diagnostic(Code.E003, habit.message, reading.span(habit.start, habit.end), fixes=fixes)


def _stand_ins(text: str, at: int, region: tuple[int, int], habit: Habit | None) -> Iterator[Sequence[Change]]:
    """What may stand in for a region, the most telling first. The last one can always be read."""
    start, end = region
    bad = text[start:end]
    if habit and habit.is_assumed and not CHOICE.search(habit.meant):
        yield _as_meant(text, at, region, habit)
    if not text.startswith("train", at):
        yield [(start, end, naming(bad))]
    yield [(start, end, silent(bad))]
    yield [(start, end, GAP)]
    yield [(at, end_of_statement(text, at), GAP)]


def _as_meant(text: str, at: int, region: tuple[int, int], habit: Habit) -> Sequence[Change]:
    """The text as it should be, with a gap before it, and behind it unless it says what shape it gives.

    What stands before `at` is read already.
    """
    start, end = region
    start += len(re.match(r"[\s|}]*(?:->)?\s*", text[start:end])[0])  # type: ignore[index]  # matches everywhere
    meant = hidden(habit.meant)
    goes_on = meant.count("{") > meant.count("}") or "=>" in meant
    has_gap = end > start and not text.startswith("else", start)
    changes = [change for change in habit.changes if change[0] >= at]
    return [(start, start, GAP if has_gap else ""), *changes, (end, end, "" if goes_on else GAP)]
