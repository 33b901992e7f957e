"""Format diagnostics for code scanning: as a SARIF 2.1.0 log, and as workflow commands of GitHub Actions."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from specnet.diagnostics import AnyCode, Diagnostic, Fix, Severity
from specnet.package import __version__
from specnet.printable import escape_inner_commands, escape_unprintable
from specnet.reporters.terminal import format_notes, format_omitted
from specnet.source import Source, Span

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}

NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Surrogates that stand for no byte of a file name, and cannot be encoded."""

LocatedDiagnostic = tuple[Source, Diagnostic]
"""The file that was checked, and a diagnostic, whose spans may be in a file that it uses."""


# SARIF


def make_log(findings: Sequence[LocatedDiagnostic], read_page: Callable[[AnyCode], str]) -> dict[str, Any]:
    """Return the log of one run, with a rule for each code in it; `read_page` returns a code's page in Markdown."""
    codes = sorted({diagnostic.code for _, diagnostic in findings}, key=lambda code: code.name)
    driver = {
        "name": "SpecNet",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_make_rule(code, read_page(code)) for code in codes],
    }
    results = [*_make_results(findings, codes)]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _make_rule(code: AnyCode, page: str) -> dict[str, Any]:
    """Return the rule of a code: its title, the first paragraph of its page, and the page."""
    _, introduction, *_ = page.split("\n\n")
    words = re.findall(r"\w+", code.value.replace("×", "x"))
    return {
        "id": code.name,
        "name": "".join(word[0].upper() + word[1:] for word in words),
        "shortDescription": _make_message(code.value),
        "fullDescription": _make_message(introduction.replace("\n", " ")),
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": SARIF_LEVELS[code.severity]},
    }


def _make_results(findings: Iterable[LocatedDiagnostic], codes: Sequence[AnyCode]) -> Iterator[dict[str, Any]]:
    seen = Counter[str]()
    for source, diagnostic in findings:
        fingerprint = _compute_fingerprint(source, diagnostic)
        seen[fingerprint] += 1
        yield {
            "ruleId": diagnostic.code.name,
            "ruleIndex": codes.index(diagnostic.code),
            "level": SARIF_LEVELS[diagnostic.severity],
            "message": _make_message("\n".join(filter(None, (diagnostic.message, *diagnostic.notes, diagnostic.help)))),
            "locations": [_make_location(diagnostic.span or source.span(0, 0))],
            "relatedLocations": [*_make_related_locations(diagnostic)],
            "fixes": [_make_fix(fix) for fix in diagnostic.fixes],
            "partialFingerprints": {"codeAndLine/v1": f"{fingerprint}:{seen[fingerprint]}"},
        }


def _compute_fingerprint(source: Source, diagnostic: Diagnostic) -> str:
    """Return a hash of a code and the text of its line, which stays the same when the line moves within its file."""
    span = diagnostic.span or source.span(0, 0)
    line = " ".join(span.source.line(span.line).split())
    text = f"{diagnostic.code.name}\0{_make_uri(span.source)}\0{line}"
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def _make_related_locations(diagnostic: Diagnostic) -> Iterator[dict[str, Any]]:
    """Yield the places that a message points at with their texts, and the calls that led to it."""
    places = [(label.span, label.text) for label in diagnostic.labels if label.text or not label.primary]
    places += [(call, "called from here") for call in diagnostic.trace]
    for number, (span, text) in enumerate(places, 1):
        yield {"id": number, **_make_location(span), "message": _make_message(text or "from here")}


def _make_fix(fix: Fix) -> dict[str, Any]:
    in_files = groupby(sorted(fix.edits, key=lambda edit: edit.span.source.name), lambda edit: edit.span.source)
    changes = [
        {
            "artifactLocation": {"uri": _make_uri(source)},
            "replacements": [
                {"deletedRegion": _make_region(edit.span), "insertedContent": {"text": edit.text}} for edit in edits
            ],
        }
        for source, edits in in_files
    ]
    return {"description": _make_message(fix.title), "artifactChanges": changes}


def _make_location(span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": _make_uri(span.source)}, "region": _make_region(span)}}


def _make_region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _make_uri(source: Source) -> str:
    """Return an absolute name as a `file:` URI, a relative one as a reference from the repository's root."""
    path = Path(NO_BYTE.sub("\ufffd", source.name))
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def _make_message(text: str) -> dict[str, str]:
    """Return a message; braces are not doubled, as one without arguments has no placeholders."""
    return {"text": text}


# GitHub

GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def format_commands(source: Source, diagnostics: Iterable[Diagnostic], omitted: int = 0) -> Iterator[str]:
    """Yield a line for each diagnostic: `::error file=a.net,line=3,col=10,endLine=3,endColumn=17,title=E301::…`.

    A last line counts the diagnostics that are `omitted`.
    """
    for diagnostic in diagnostics:
        span = diagnostic.span
        file = PurePath(span.source.name if span else source.name).as_posix()
        properties = {"file": file, **(_describe_place(span) if span else {}), "title": diagnostic.code.name}
        listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
        yield f"::{GITHUB_COMMANDS[diagnostic.severity]} {listed}::{_escape_data(_format_message(diagnostic))}"
    if omitted:
        yield f"::notice file={_escape_property(PurePath(source.name).as_posix())}::{format_omitted(omitted)}"


def _describe_place(span: Span) -> Mapping[str, int]:
    """Return the properties of a place; GitHub takes columns only within one line."""
    if span.line != span.end_line:
        return {"line": span.line, "endLine": span.end_line}
    return {"line": span.line, "col": span.column, "endLine": span.line, "endColumn": span.end_column}


def _format_message(diagnostic: Diagnostic) -> str:
    """Return the text of the terminal without the excerpt, as GitHub shows the lines itself."""
    beside = [label.text for label in diagnostic.labels if label.primary and label.text]
    return "\n".join((diagnostic.message, *beside, *format_notes(diagnostic)))


def _escape_data(text: str) -> str:
    quoted = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escape_inner_commands(escape_unprintable(quoted))


def _escape_property(value: object) -> str:
    return _escape_data(str(value)).replace(":", "%3A").replace(",", "%2C")
