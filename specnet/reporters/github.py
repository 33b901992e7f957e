"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from specnet.diagnostics import Diagnostic, Severity
from specnet.reporters import notes
from specnet.source import Source, Span

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def commands(source: Source, diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """`::error file=a.net,line=3,col=10,endLine=3,endColumn=17,title=E301::…`, a line a diagnostic."""
    for diagnostic in diagnostics:
        span = diagnostic.span
        file = PurePath(span.source.name if span else source.name).as_posix()
        properties = {"file": file, **(_place(span) if span else {}), "title": diagnostic.code.name}
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{COMMANDS[diagnostic.severity]} {listed}::{_data(_text(diagnostic))}"


def _place(span: Span) -> Mapping[str, int]:
    """GitHub takes columns only for a place within one line."""
    if span.line != span.end_line:
        return {"line": span.line, "endLine": span.end_line}
    return {"line": span.line, "col": span.column, "endLine": span.line, "endColumn": span.end_column}


def _text(diagnostic: Diagnostic) -> str:
    """What the terminal says, without the excerpt: GitHub shows the lines themselves."""
    beside = [label.text for label in diagnostic.labels if label.primary and label.text]
    return "\n".join((diagnostic.message, *beside, *notes(diagnostic)))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _data(str(value)).replace(":", "%3A").replace(",", "%2C")
