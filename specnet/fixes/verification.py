"""Verify a fix by checking the edited spec as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specnet.compiler import Checked, check_lines
from specnet.diagnostics import Code, Diagnostic, Edit, Fix
from specnet.elaborate import Read
from specnet.foreign import recognise
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.parser import parse

ErrorKey = tuple[str, str, int]
"""The code, file and line of an error, which identify it across an edit."""


CHARACTERS = 7
"""Parsing so many characters is as much work as checking an element."""

ERROR, UNREADABLE = 10, 50
"""Explaining an error, or a line that cannot be read, is as much work as checking so many elements."""

HIDDEN = ("E005", "E3", "E4")
"""The beginnings of the codes of errors that cannot be seen while a line is unreadable."""

MAX_WORK = 36_000
"""The elements that are checked before and in the search for the fixes of one spec, with what is parsed."""


SIMULATION = 0.6
"""The share of the work that may precede the checks themselves."""


class BudgetSpent(Exception):
    """The search for fixes has done as much work as it may."""


@dataclass(frozen=True)
class Proof:
    """The checked spec after a fix that removes an error and causes no other."""

    after: Checked
    uncovered: tuple[Diagnostic, ...]
    """The errors that were hidden behind the removed one."""


class Verifier:
    """Checks edited versions of one spec, as many as its budget allows."""

    def __init__(self, checked: Checked, overrides: Mapping[str, str], read: Read) -> None:
        self.checked = checked
        self.overrides = overrides
        self.read = read
        self.errors = Counter(map(_key, checked.errors))
        self.end = next((_key(error) for error in checked.errors if error.code is Code.E002), None)
        """The key of an exceeded limit, where the check ended."""
        unreadable = sum(error.code is Code.E003 for error in checked.errors)
        self.size = 1 + checked.elaborated.steps + ERROR * len(checked.errors) + UNREADABLE * unreadable
        """The work of one check without parsing; an edited spec has about as many elements, and as much to report."""
        self.work = self._measure(checked.source)
        """The work so far, that of the first check included."""

    def _measure(self, source: Source) -> int:
        """Return the work of parsing and checking a text."""
        return self.size + len(source.text) // CHARACTERS

    def spend(self, work: int) -> None:
        """Count work; raises BudgetSpent if it would be too much."""
        self._count(work, MAX_WORK)

    def simulate(self, work: int) -> None:
        """Count work that prepares checks; raises BudgetSpent when too little of the budget is left for the checks."""
        self._count(work, int(SIMULATION * MAX_WORK))

    def _count(self, work: int, limit: int) -> None:
        if self.work + work > limit:
            raise BudgetSpent
        self.work += work

    def verify(self, diagnostic: Diagnostic, fix: Fix) -> Proof | None:
        """Return the proof that a fix removes this error and causes no other; None if it does not.

        An error that was hidden behind this one is not caused by the fix. Raises BudgetSpent.
        """
        after = self.recheck(fix.edits)
        allowed = self.errors - Counter([_key(diagnostic), *self._on_unreadable_line(diagnostic)])
        keys = {id(error): _key(error, fix.edits) for error in after.errors}
        new = Counter(key for key in keys.values() if not self._is_beyond_end(key)) - allowed
        others = tuple(error for error in after.errors if keys[id(error)] in new)
        is_fix = _keeps_shape(diagnostic, after) and all(self._was_hidden(error, fix) for error in others)
        return Proof(after, others) if is_fix else None

    def _was_hidden(self, error: Diagnostic, fix: Fix) -> bool:
        """Whether an error of an edited spec could not be seen before, behind an unknown shape or unread layers."""
        if fix.translated and error.code.name.startswith(HIDDEN):
            return True  # no shape was known before the layers were translated
        edits = fix.edits
        if error.code is Code.E402:
            return any(before.code is not Code.E402 for before in self.checked.errors)
        node, key = self.checked.network.by_name.get(error.node), _key(error, edits)
        if node is None or key in self.errors:
            return False
        if key[2] in {edit.span.line for edit in edits}:
            return node.layer is None  # whose attributes were wrong, so that it was not computed
        shapes = self.checked.network.shapes
        lacks_input = not node.inputs or any(shapes[value] is None for value in node.inputs)
        return lacks_input or shapes[node.name] is None or (node.output is None and error.code is Code.E401)

    def _is_beyond_end(self, key: ErrorKey) -> bool:
        """Whether an error is where the spec was not checked before, as a limit was exceeded above."""
        return self.end is not None and key[1:] >= self.end[1:] and key[1] == self.end[1]

    def _on_unreadable_line(self, diagnostic: Diagnostic) -> list[ErrorKey]:
        """Return all errors on the diagnostic's line if that is unreadable, as making it readable removes them all."""
        _, file, line = _key(diagnostic)
        is_unreadable = (Code.E003.name, file, line) in self.errors
        return [key for key in self.errors.elements() if is_unreadable and key[1:] == (file, line)]

    def apply_to_text(self, edits: Sequence[Edit]) -> str:
        """Return the text of the edited files, by which equivalent fixes are recognised."""
        return "\0".join(source.text for source in self._apply(edits).values())

    def _apply(self, edits: Sequence[Edit]) -> dict[str, Source]:
        sources = {edit.span.source for edit in edits}
        return {source.name: apply_edits(source, [e for e in edits if e.span.source is source]) for source in sources}

    def recheck(self, edits: Sequence[Edit]) -> Checked:
        """Check the edited spec as a whole; raises BudgetSpent."""
        self.spend(self.size)
        sources = self._apply(edits)

        def read(path: str, span: Span) -> Source:
            found = self.read(path, span)
            return sources.get(found.name, found)

        source = sources.get(self.checked.source.name, self.checked.source)
        lines, unreadable = self._reparse(source, edits)
        return check_lines(source, lines, unreadable, self.overrides, read)

    def check_text(self, source: Source) -> Checked:
        """Check the spec with another text, parsed as a whole so that all spans refer to it; raises BudgetSpent."""
        self.spend(self._measure(source))
        return check_lines(source, *parse(source, recognise), self.overrides, self.read)

    def _parse(self, source: Source) -> tuple[tree.Lines, list[Diagnostic]]:
        self.spend(len(source.text) // CHARACTERS)
        return parse(source, recognise)

    def _reparse(self, source: Source, edits: Sequence[Edit]) -> tuple[tree.Lines, list[Diagnostic]]:
        """Return the tree after the edits, and unreadable lines; edits within one statement reparse that alone."""
        was = self.checked.lines
        unreadable = [d for d in self.checked.diagnostics if d.code.name == "E003"]
        if source is self.checked.source:
            return was, unreadable
        around = [i for i, line in enumerate(was) if all(_within(edit.span, line.span) for edit in edits)]
        if unreadable or len(around) != 1:
            return self._parse(source)
        line = was[around[0]]
        end = line.span.end + sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in edits)
        before = "\n" * source.text.count("\n", 0, line.span.start)
        lines, unreadable = self._parse(Source(source.name, before + source.text[line.span.start : end]))
        return (*was[: around[0]], *lines, *was[around[0] + 1 :]), unreadable


def _keeps_shape(diagnostic: Diagnostic, after: Checked) -> bool:
    """Whether a line whose claim was wrong still has a shape, rather than an error above the claim."""
    claim = after.elaborated.claims.get(diagnostic.node) if diagnostic.code is Code.E401 else None
    return claim is None or claim.actual is not None


def _key(diagnostic: Diagnostic, edits: Sequence[Edit] = ()) -> ErrorKey:
    """Return the key of an error of the text after these edits, with its line in the text before them."""
    span = diagnostic.span
    if span is None:
        return diagnostic.code.name, "", 0
    own = [edit for edit in edits if edit.span.source.name == span.source.name]
    return diagnostic.code.name, span.source.name, _find_line_before(span.line, own)


def _find_line_before(line: int, edits: Sequence[Edit]) -> int:
    """Return the number that a line had before the edits, some of which add or remove lines above it."""
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        added = edit.text.count("\n") - edit.span.text.count("\n")
        line -= added if line > edit.span.line + edit.text.count("\n") else 0
    return line


def _within(span: Span, around: Span) -> bool:
    return span.source is around.source and around.start <= span.start and span.end <= around.end


def apply_edits(source: Source, edits: Sequence[Edit]) -> Source:
    """Return the edited source."""
    parts, end = list[str](), len(source.text)
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        parts += source.text[edit.span.end : end], edit.text
        end = edit.span.start
    return Source(source.name, "".join((*parts, source.text[:end])[::-1]))
