"""Fixes of a line that cannot be read: each one alone, and with safe fixes of the errors that it reveals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from specnet.diagnostics import Code, Diagnostic, Edit, Fix
from specnet.fixes.selection import collect_edits, select_safe_fixes
from specnet.fixes.verification import Verifier, apply_edits
from specnet.source import Source

MAX_ROUNDS = 3
"""The largest number of further rounds of fixes on a line that was unreadable at first."""


def follow_up(diagnostic: Diagnostic, verifier: Verifier) -> Iterator[Fix]:
    """Yield each fix that the error has; on an unreadable line, also with safe fixes of the errors that it reveals."""
    for fix in diagnostic.fixes:
        yield fix
        if diagnostic.code is Code.E003 and diagnostic.span and diagnostic.span.source is verifier.checked.source:
            yield from _extend_fix(fix, diagnostic.span.line, verifier)


def _extend_fix(fix: Fix, line: int, verifier: Verifier) -> Iterator[Fix]:
    """Yield a fix extended by the safe fixes of the errors that remain on its line."""
    was = verifier.checked.source
    source = apply_edits(was, fix.edits)
    for _ in range(MAX_ROUNDS):
        now = verifier.check_text(source)
        wrong = tuple(error for error in now.diagnostics if error.span and error.span.line == line)
        fixes = select_safe_fixes(replace(now, diagnostics=wrong))
        if not fixes:
            break
        source = apply_edits(source, collect_edits(fixes))
    old, new = was.text.splitlines(keepends=True), source.text.splitlines(keepends=True)
    if len(old) == len(new):
        edits = tuple(_compare_lines(was, old, new))
        yield Fix(" ".join(edit.text.strip() for edit in edits), edits, fix.safe)


def _compare_lines(source: Source, old: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
    """Yield an edit for each line that differs."""
    start = 0
    for before, after in zip(old, new, strict=True):
        if before != after:
            yield Edit(source.span(start, start + len(before.rstrip("\n"))), after.rstrip("\n"))
        start += len(before)
