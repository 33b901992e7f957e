"""Which messages are shown and how: codes that are allowed, and notes that say the same of several layers as one.

A code is allowed by `# specnet: allow W501 N503` at the end of a line, or for a whole project.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from specnet.diagnostics import Code, Diagnostic, Severity
from specnet.source import Source, Span

MARK = "specnet:"

COMMENT = r'(?:"[^"\n]*"|[^"#\n])*#.*?\b(specnet:\s*allow\b)((?:[\s,]+[A-Za-z]+\d\w*)*)'
"""A line with such a comment, and its codes; a reason may follow. A `#` within a text begins none."""

MOST_NAMED = 3
"""Layers that one message names; it counts the others."""


class Allowed:
    """The codes that a project allows, and those that the lines of its files do."""

    def __init__(self, project: Collection[str] = ()) -> None:
        self.project = project
        self._lines: dict[Source, dict[int, set[str]]] = {}

    def permits(self, code: Code, span: Span | None) -> bool:
        """Whether a message of this code may be left out at this place; an error may not."""
        if code.severity is Severity.ERROR:
            return False
        return code.name in self.project or (span is not None and code.name in self._on_line(span))

    def _on_line(self, span: Span) -> set[str]:
        if MARK not in span.source.text:
            return set()
        if span.source not in self._lines:
            lines = self._lines[span.source] = {}
            for comment, *codes in find_comments(span.source):
                lines.setdefault(comment.line, set()).update(code.text for code in codes)
        return self._lines[span.source].get(span.line, set())


def find_comments(source: Source) -> Iterator[list[Span]]:
    """Yield each `specnet: allow` of a file, and the codes behind it."""
    for line in re.finditer(r"[^\n]+", source.text):
        comment = re.match(COMMENT, line[0])
        if comment:
            ends = [comment.span(1), *(code.span() for code in re.compile(r"\w+").finditer(line[0], *comment.span(2)))]
            yield [source.span(line.start() + start, line.start() + end) for start, end in ends]


def list_names(names: Sequence[str]) -> str:
    """List layers by name: `conv1`, `conv2`, `conv3` and 4 more."""
    *shown, last = [f"`{name}`" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown, last = [*shown, last], f"{len(names) - MOST_NAMED} more"
    return f"{', '.join(shown)} and {last}" if shown else last


def group_notes(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the diagnostics; of the notes of one code about layers only the first, which names the other layers."""
    notes: dict[Code, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.NOTE and diagnostic.node:
            notes.setdefault(diagnostic.code, []).append(diagnostic)
        else:
            yield diagnostic
    for first, *others in notes.values():
        names = [other.node for other in others]
        more = (f"so do{'es' if len(names) == 1 else ''} {list_names(names)}",) if names else ()
        yield replace(first, notes=(*first.notes, *more))
