"""What is allowed: by `# specnet: allow W501 N503` at the end of a line, or for a whole project."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from specnet.diagnostics import Code, Severity
from specnet.source import Source, Span

MARK = "specnet:"

COMMENT = r'(?:"[^"\n]*"|[^"#\n])*#.*?\b(specnet:\s*allow\b)((?:[\s,]+[A-Za-z]+\d\w*)*)'
"""A line with such a comment, and its codes; a reason may follow. A `#` within a text begins none."""


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
            for comment, *codes in comments(span.source):
                lines.setdefault(comment.line, set()).update(code.text for code in codes)
        return self._lines[span.source].get(span.line, set())


def comments(source: Source) -> Iterator[list[Span]]:
    """Each `specnet: allow` of a file, and the codes behind it."""
    for line in re.finditer(r"[^\n]+", source.text):
        comment = re.match(COMMENT, line[0])
        if comment:
            ends = [comment.span(1), *(code.span() for code in re.compile(r"\w+").finditer(line[0], *comment.span(2)))]
            yield [source.span(line.start() + start, line.start() + end) for start, end in ends]
