"""Format diagnostics for people: the message, an excerpt of the spec with the places marked, notes and fixes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from specnet.diagnostics import Diagnostic, Label, Severity
from specnet.printable import escape_unprintable, format_amount, replace_unprintable
from specnet.source import Source, Span

COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
DIM, BOLD = "2", "1"

WIDEST = 160
"""The largest number of characters of a line that are shown."""


def paint(text: str, style: str, colour: bool) -> str:
    """Return the text in a style of the terminal (an SGR code), or unchanged without `colour`."""
    return f"\x1b[{style}m{text}\x1b[0m" if colour and text else text


def format_diagnostic(diagnostic: Diagnostic, colour: bool = False) -> str:
    """Format a diagnostic: the fact, the place, the arithmetic, the fixes."""
    style = COLOURS[diagnostic.severity]
    head = paint(f"{diagnostic.severity}[{diagnostic.code.name}]", style, colour)
    lines = [f"{head}: {paint(escape_unprintable(diagnostic.message), BOLD, colour)}"]
    width = max((len(str(label.span.line)) for label in diagnostic.labels), default=1)
    if diagnostic.span:
        lines += _format_excerpt(diagnostic.span, diagnostic.labels, width, style, colour)
    edge = " " * width + paint(" = ", DIM, colour)
    return "\n".join((*lines, *(f"{edge}{note}" for note in format_notes(diagnostic))))


def format_notes(diagnostic: Diagnostic) -> list[str]:
    """Return the lines below an excerpt: notes, the calls that led there, help, fixes."""
    lines = [
        *(f"note: {note}" for note in diagnostic.notes),
        *(f"called from {_format_place(span)}  `{first_line(span)}`" for span in diagnostic.trace),
        *([f"help: {diagnostic.help}"] if diagnostic.help else []),
        *(line for fix in diagnostic.fixes for line in f"fix: {fix.title}".replace("\n", "\n     ").split("\n")),
    ]
    return [*map(escape_unprintable, lines)]


def _format_place(span: Span) -> str:
    return f"{span.source.name}:{span.line}:{span.column}"


def first_line(span: Span) -> str:
    """Return the text of a span up to the end of its first line."""
    return span.text.partition("\n")[0].rstrip()


def _format_excerpt(at: Span, labels: Sequence[Label], width: int, style: str, colour: bool) -> list[str]:
    """Return the lines that the labels point at, with marks below them, file by file."""
    gutter = " " * width
    bar = paint("│", DIM, colour)
    lines: list[str] = []
    by_file = groupby(sorted(labels, key=lambda label: _sort_key(label, at.source)), lambda label: label.span.source)
    for source, in_file in by_file:
        own = list(in_file)
        place = at if source is at.source else own[0].span
        lines.append(f"{gutter} {paint('┌─', DIM, colour)} {escape_unprintable(_format_place(place))}")
        for number, on_line in groupby(own, lambda label: label.span.line):
            here = list(on_line)
            first = _choose_first_column(here)
            line = replace_unprintable(source.line(number))[first : first + WIDEST]
            lines.append(f"{number:>{width}} {bar} {line}".rstrip())
            marks = [mark[first : first + 2 * WIDEST] for mark in draw_marks(here, source.line(number))]
            lines += [f"{gutter} {bar} {paint(mark, style, colour)}" for mark in marks]
    return lines


def _choose_first_column(labels: Sequence[Label]) -> int:
    """Return the column where the excerpt of a line begins: not 0 only if the marks would lie beyond its width."""
    first, last = min(label.span.column for label in labels), max(label.span.column for label in labels)
    return 0 if last < WIDEST else max(0, first - WIDEST // 2)


def _sort_key(label: Label, main: Source) -> tuple[bool, int, int]:
    return label.span.source is not main, id(label.span.source), label.span.start


def draw_marks(labels: Sequence[Label], line: str) -> list[str]:
    """Return lines with ^^^ below primary labels and --- below others, with their texts beside or below."""
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
    below = [" " * (label.span.column - 1) + escape_unprintable(label.text) for label in reversed(texts)]
    return [f"{marks} {escape_unprintable(beside.text)}" if beside else marks, *below]


def format_omitted(count: int) -> str:
    """Return a sentence about the diagnostics that are not shown."""
    return f"{count:,} more {'is' if count == 1 else 'are'} not shown"


def format_counts(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the number of errors and warnings as text: `1 error, 2 warnings`."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(severities.count(severity), str(severity)) for severity in (Severity.ERROR, Severity.WARNING)]
    return ", ".join(format_amount(count, word) for count, word in counts if count)
