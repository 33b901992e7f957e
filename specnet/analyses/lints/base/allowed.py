"""What is allowed: by `# specnet: allow W501 N503` at the end of a line, or for a whole project."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from specnet.diagnostics import Code, Severity
from specnet.source import Source, Span

COMMENT = re.compile(r'(?:"[^"\n]*"|[^"#\n])*#.*?\b(specnet:\s*allow\b)((?:[\s,]+[A-Za-z]+\d\w*)*)')
"""A line with such a comment, and its codes; a reason may follow. A `#` within a text begins none."""


@dataclass(frozen=True)
class Allowed:
    """The codes that a project allows, and those that the lines of a file do."""

    project: Collection[str] = ()
    _lines: dict[Source, dict[int, set[str]]] = field(default_factory=dict)

    def permits(self, code: Code, span: Span | None) -> bool:
        """Whether a message of this code may be left out at this place; an error may not."""
        if code.severity is Severity.ERROR:
            return False
        return code.name in self.project or (span is not None and code.name in self._on_line(span))

    def _on_line(self, span: Span) -> set[str]:
        if span.source not in self._lines:
            lines = self._lines[span.source] = {}
            for comment in comments(span.source):
                lines.setdefault(comment[0].line, set()).update(word.text for word in comment)
        return self._lines[span.source].get(span.line, set())


def comments(source: Source) -> Iterator[list[Span]]:
    """Each `specnet: allow` of a file, and the codes behind it."""
    if "specnet:" not in source.text:
        return
    for line in re.finditer(r"[^\n]+", source.text):
        comment = COMMENT.match(line[0])
        if comment:
            codes = re.finditer(r"\w+", line[0][: comment.end()][comment.start(2) :])
            ends = [comment.span(1), *((comment.start(2) + c.start(), comment.start(2) + c.end()) for c in codes)]
            yield [source.span(line.start() + start, line.start() + end) for start, end in ends]
