"""Select and group messages: hide allowed codes, and merge equal notes about several layers.

A code is allowed by `# specnet: allow W501 mypkg/wide_fc` at the end of a line, or for a whole project.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from specnet.diagnostics import AnyCode, Diagnostic, Severity
from specnet.source import Source, Span

MARK = "specnet:"

COMMENT = r'(?:"[^"\n]*"|[^"#\n])*#.*?\b(specnet:\s*allow\b)((?:[\s,]+(?:[A-Za-z]+\d\w*|[A-Za-z_]\w*/[A-Za-z_]\w*))*)'
"""A line with an `allow` comment, and its codes; a reason may follow. A `#` in a quoted text starts no comment."""

MOST_NAMED = 3
"""The number of layers that a message names; it counts the others."""


class AllowedCodes:
    """The codes that are allowed by a project or by comments in its files."""

    def __init__(self, project: Collection[str] = ()) -> None:
        self.project = project
        self._lines: dict[Source, dict[int, set[str]]] = {}

    def permits(self, code: AnyCode, span: Span | None) -> bool:
        """Whether a message of this code is allowed at this place; an error never is."""
        if code.severity is Severity.ERROR:
            return False
        return code.name in self.project or (span is not None and code.name in self._on_line(span))

    def _on_line(self, span: Span) -> set[str]:
        if span.source not in self._lines:
            lines = self._lines[span.source] = {}
            comments = find_comments(span.source) if MARK in span.source.text else ()
            for comment, *codes in comments:
                lines.setdefault(comment.line, set()).update(code.text for code in codes)
        return self._lines[span.source].get(span.line, set())


def find_comments(source: Source) -> Iterator[list[Span]]:
    """Yield the spans of each `specnet: allow` in a file and of the codes behind it."""
    for line in re.finditer(r"[^\n]+", source.text):
        comment = re.match(COMMENT, line[0])
        if comment:
            ends = [
                comment.span(1),
                *(code.span() for code in re.compile(r"[\w/]+").finditer(line[0], *comment.span(2))),
            ]
            yield [source.span(line.start() + start, line.start() + end) for start, end in ends]


def list_names(names: Sequence[str]) -> str:
    """Format a list of layers, as `conv1`, `conv2`, `conv3` and 4 more."""
    *shown, last = [f"`{name}`" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown, last = [*shown, last], f"{len(names) - MOST_NAMED} more"
    return f"{', '.join(shown)} and {last}" if shown else last


def group_notes(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the diagnostics, with the notes of one code merged into the first, which then names the other layers."""
    notes: dict[AnyCode, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.NOTE and diagnostic.node:
            notes.setdefault(diagnostic.code, []).append(diagnostic)
        else:
            yield diagnostic
    for first, *others in notes.values():
        names = [other.node for other in others]
        more = (f"so do{'es' if len(names) == 1 else ''} {list_names(names)}",) if names else ()
        yield replace(first, notes=(*first.notes, *more))
