"""Diagnostics as a SARIF 2.1.0 log, for GitHub's code scanning and other viewers of static analysis."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from specnet.diagnostics import Code, Diagnostic, Fix, Severity
from specnet.source import Source, Span
from specnet.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}

Said = tuple[Source, Diagnostic]
"""A diagnostic and the file that was checked; the diagnostic's own places may lie in one that it uses."""


def log(said: Sequence[Said], page: Callable[[Code], str]) -> dict[str, Any]:
    """One run with a rule for each code that occurs; `page` gives the Markdown that explains a code."""
    codes = sorted({diagnostic.code for _, diagnostic in said}, key=lambda code: code.name)
    driver = {
        "name": "SpecNet",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, page(code)) for code in codes],
    }
    results = [*_results(said, codes)]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: Code, page: str) -> dict[str, Any]:
    """What a code means: its title, the first paragraph of its page, and the page."""
    _, introduction, *_ = page.split("\n\n")
    words = re.findall(r"\w+", code.value.replace("×", "x"))
    return {
        "id": code.name,
        "name": "".join(word[0].upper() + word[1:] for word in words),
        "shortDescription": _message(code.value),
        "fullDescription": _message(introduction.replace("\n", " ")),
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": LEVELS[code.severity]},
    }


def _results(said: Iterable[Said], codes: Sequence[Code]) -> Iterator[dict[str, Any]]:
    seen = Counter[str]()
    for source, diagnostic in said:
        fingerprint = _fingerprint(source, diagnostic)
        seen[fingerprint] += 1
        yield {
            "ruleId": diagnostic.code.name,
            "ruleIndex": codes.index(diagnostic.code),
            "level": LEVELS[diagnostic.severity],
            "message": _message("\n".join(filter(None, (diagnostic.message, *diagnostic.notes, diagnostic.help)))),
            "locations": [_location(diagnostic.span or source.span(0, 0))],
            "relatedLocations": [*_related(diagnostic)],
            "fixes": [_fix(fix) for fix in diagnostic.fixes],
            "partialFingerprints": {"codeAndLine/v1": f"{fingerprint}:{seen[fingerprint]}"},
        }


def _fingerprint(source: Source, diagnostic: Diagnostic) -> str:
    """The same for the same code at the same text of a line, wherever in its file that has moved."""
    span = diagnostic.span or source.span(0, 0)
    line = " ".join(span.source.line(span.line).split())
    return sha256(f"{diagnostic.code.name}\0{_uri(span.source)}\0{line}".encode()).hexdigest()[:16]


def _related(diagnostic: Diagnostic) -> Iterator[dict[str, Any]]:
    """The places that a message points at, with what is to be seen there, and the calls that led to it."""
    places = [(label.span, label.text) for label in diagnostic.labels if label.text or not label.primary]
    places += [(call, "called from here") for call in diagnostic.trace]
    for number, (span, text) in enumerate(places, 1):
        yield {"id": number, **_location(span), "message": _message(text or "from here")}


def _fix(fix: Fix) -> dict[str, Any]:
    in_files = groupby(sorted(fix.edits, key=lambda edit: edit.span.source.name), lambda edit: edit.span.source)
    changes = [
        {
            "artifactLocation": {"uri": _uri(source)},
            "replacements": [
                {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}} for edit in edits
            ],
        }
        for source, edits in in_files
    ]
    return {"description": _message(fix.title), "artifactChanges": changes}


def _location(span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(span.source)}, "region": _region(span)}}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _uri(source: Source) -> str:
    """A relative name as a relative reference, to be read from the repository's root; an absolute one as `file:`."""
    path = Path(source.name)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def _message(text: str) -> dict[str, str]:
    """Braces stay single: a message without arguments has no placeholders, and readers show it as it is."""
    return {"text": text}
