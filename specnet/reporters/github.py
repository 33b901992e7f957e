"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from specnet.diagnostics import Diagnostic, Severity
from specnet.reporters.terminal import format_notes
from specnet.source import Source, Span

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def format_commands(source: Source, diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield a line for each diagnostic: `::error file=a.net,line=3,col=10,endLine=3,endColumn=17,title=E301::…`."""
    for diagnostic in diagnostics:
        span = diagnostic.span
        file = PurePath(span.source.name if span else source.name).as_posix()
        properties = {"file": file, **(_describe_place(span) if span else {}), "title": diagnostic.code.name}
        listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
        yield f"::{COMMANDS[diagnostic.severity]} {listed}::{_escape_data(_format_message(diagnostic))}"


def _describe_place(span: Span) -> Mapping[str, int]:
    """Return the properties of a place; GitHub takes columns only within one line."""
    if span.line != span.end_line:
        return {"line": span.line, "endLine": span.end_line}
    return {"line": span.line, "col": span.column, "endLine": span.line, "endColumn": span.end_column}


def _format_message(diagnostic: Diagnostic) -> str:
    """Return what the terminal says without the excerpt, as GitHub shows the lines themselves."""
    beside = [label.text for label in diagnostic.labels if label.primary and label.text]
    return "\n".join((diagnostic.message, *beside, *format_notes(diagnostic)))


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(value: object) -> str:
    return _escape_data(str(value)).replace(":", "%3A").replace(",", "%2C")
