"""Verify a fix by checking the edited spec as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from specnet.compiler import Checked, check_lines
from specnet.diagnostics import Code, Diagnostic, Edit, Fix
from specnet.elaborate import Read
from specnet.foreign import recognise
from specnet.layers.base import format_shape
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.parser import parse

ErrorKey = tuple[str, str, int]
"""The code, file and line of an error, which identify it across an edit."""


class Verifier:
    """Checks edited versions of one spec."""

    def __init__(self, checked: Checked, overrides: Mapping[str, str], read: Read) -> None:
        self.checked = checked
        self.overrides = overrides
        self.read = read
        self.errors = Counter(map(_key, checked.errors))

    def verify(self, diagnostic: Diagnostic, fix: Fix) -> Checked | None:
        """Return the checked spec after the fix, if it removes this error and causes no other; else None."""
        after = self.recheck(fix.edits)
        allowed = self.errors - Counter([_key(diagnostic), *self._on_unreadable_line(diagnostic)])
        return after if not Counter(_key(error, fix.edits) for error in after.errors) - allowed else None

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
        """Check the edited spec as a whole."""
        sources = self._apply(edits)

        def read(path: str, span: Span) -> Source:
            found = self.read(path, span)
            return sources.get(found.name, found)

        source = sources.get(self.checked.source.name, self.checked.source)
        lines, unreadable = self._reparse(source, edits)
        return check_lines(source, lines, unreadable, self.overrides, read)

    def check_text(self, source: Source) -> Checked:
        """Check the spec with another text, which is parsed as a whole so that all spans refer to it."""
        return check_lines(source, *parse(source, recognise), self.overrides, self.read)

    def _reparse(self, source: Source, edits: Sequence[Edit]) -> tuple[tree.Lines, list[Diagnostic]]:
        """Return the tree after the edits, and unreadable lines; edits within one statement reparse that alone."""
        was = self.checked.lines
        unreadable = [d for d in self.checked.diagnostics if d.code.name == "E003"]
        if source is self.checked.source:
            return was, unreadable
        around = [i for i, line in enumerate(was) if all(_within(edit.span, line.span) for edit in edits)]
        if unreadable or len(around) != 1:
            return parse(source, recognise)
        line = was[around[0]]
        end = line.span.end + sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in edits)
        before = "\n" * source.text.count("\n", 0, line.span.start)
        lines, unreadable = parse(Source(source.name, before + source.text[line.span.start : end]), recognise)
        return (*was[: around[0]], *lines, *was[around[0] + 1 :]), unreadable

    def add_title(self, fix: Fix, diagnostic: Diagnostic, after: Checked) -> Fix:
        """Return the fix with the resulting shape of its layer in the title, as `S=1 → 22×22×6`."""
        node = after.network.by_name.get(diagnostic.node)
        shape = f" → {format_shape(node.output)}" if node and node.output and not fix.title.startswith("=>") else ""
        return replace(fix, title=f"{fix.title}{shape}")


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
    text = source.text
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):  # from the end, to keep offsets valid
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return Source(source.name, text)
