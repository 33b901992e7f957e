"""A diagnostic for a terminal, and as a JSON record; beside it, all of a run as SARIF and for GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from specnet.diagnostics import Diagnostic, Label, Severity
from specnet.source import Source, Span

COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
DIM, BOLD = "2", "1"

WIDEST = 160
"""Characters of a line that are shown, at most."""


def painted(text: str, style: str, colour: bool) -> str:
    """The text in a style of the terminal (an SGR code), or as it is."""
    return f"\x1b[{style}m{text}\x1b[0m" if colour and text else text


def terminal(diagnostic: Diagnostic, colour: bool = False) -> str:
    """A diagnostic as a person reads it: the fact, the place, the arithmetic, what to do."""
    style = COLOURS[diagnostic.severity]
    head = painted(f"{diagnostic.severity}[{diagnostic.code.name}]", style, colour)
    lines = [f"{head}: {painted(diagnostic.message, BOLD, colour)}"]
    width = max((len(str(label.span.line)) for label in diagnostic.labels), default=1)
    if diagnostic.span:
        lines += _excerpt(diagnostic.span, diagnostic.labels, width, style, colour)
    edge = " " * width + painted(" = ", DIM, colour)
    return "\n".join((*lines, *(f"{edge}{remark}" for remark in notes(diagnostic))))


def notes(diagnostic: Diagnostic) -> list[str]:
    """What stands below a message: notes, the calls that led there, help, fixes."""
    return [
        *(f"note: {note}" for note in diagnostic.notes),
        *(f"called from {_at(span)}  `{_one_line(span)}`" for span in diagnostic.trace),
        *([f"help: {diagnostic.help}"] if diagnostic.help else []),
        *(f"fix: {fix.title}" for fix in diagnostic.fixes),
    ]


def _at(span: Span) -> str:
    return f"{span.source.name}:{span.line}:{span.column}"


def _one_line(span: Span) -> str:
    return span.text.partition("\n")[0].rstrip()


def _excerpt(at: Span, labels: Sequence[Label], width: int, style: str, colour: bool) -> list[str]:
    """The lines that the labels point at, marked, file by file."""
    gutter = " " * width
    bar = painted("│", DIM, colour)
    lines: list[str] = []
    by_file = groupby(sorted(labels, key=lambda label: _order(label, at.source)), lambda label: label.span.source)
    for source, in_file in by_file:
        own = list(in_file)
        place = at if source is at.source else own[0].span
        lines.append(f"{gutter} {painted('┌─', DIM, colour)} {_at(place)}")
        for number, on_line in groupby(own, lambda label: label.span.line):
            here = list(on_line)
            first = _first_column(here)
            line = _plain(source.line(number))[first : first + WIDEST]
            lines.append(f"{number:>{width}} {bar} {line}".rstrip())
            marks = [mark[first : first + 2 * WIDEST] for mark in _marks(here, source.line(number))]
            lines += [f"{gutter} {bar} {painted(mark, style, colour)}" for mark in marks]
    return lines


def _first_column(labels: Sequence[Label]) -> int:
    """Where the excerpt of a line begins: further on only if the marks would lie beyond its width."""
    first, last = min(label.span.column for label in labels), max(label.span.column for label in labels)
    return 0 if last < WIDEST else max(0, first - WIDEST // 2)


def _order(label: Label, main: Source) -> tuple[bool, int, int]:
    return label.span.source is not main, id(label.span.source), label.span.start


def _plain(line: str) -> str:
    """The line with each tab and each unprintable sign as one column, so that marks stand below their text."""
    return "".join(character if character.isprintable() else " " for character in line)


def _marks(labels: Sequence[Label], line: str) -> list[str]:
    """^^^ below what is wrong, --- below where its numbers come from; texts beside or below."""
    underline = [" "] * (len(line) + 1)
    for label in sorted(labels, key=lambda label: label.primary):
        start = label.span.column - 1
        end = label.span.end_column - 1 if label.span.end_line == label.span.line else len(line)
        for column in range(start, max(end, start + 1)):
            underline[column] = "^" if label.primary else "-"
    texts = [label for label in labels if label.text]
    marks = "".join(underline).rstrip()
    if not texts:
        return [marks]
    beside = texts.pop() if texts[-1] is labels[-1] else None
    below = [" " * (label.span.column - 1) + label.text for label in reversed(texts)]
    return [f"{marks} {beside.text}" if beside else marks, *below]


def record(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as in the JSON of `specnet check`: lines and columns from 1, ends exclusive."""
    return {
        "code": diagnostic.code.name,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **(_range(diagnostic.span) if diagnostic.span else {}),
        "notes": [*diagnostic.notes, *([diagnostic.help] if diagnostic.help else [])],
        "trace": [{"line": s.line, "column": s.column, "text": _one_line(s)} for s in diagnostic.trace],
        "fixes": [
            {
                "title": fix.title,
                "safe": fix.safe,
                "edits": [{**_range(edit.span), "text": edit.text} for edit in fix.edits],
            }
            for fix in diagnostic.fixes
        ],
    }


def _range(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`1 error, 2 warnings`; notes are not counted."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(severities.count(severity), str(severity)) for severity in (Severity.ERROR, Severity.WARNING)]
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)
