"""The search for fixes: candidates are tried in turn, and those that are verified are offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, Severity
from specnet.elaborate import Read
from specnet.fixes.candidates import generate_candidates
from specnet.fixes.verification import Verifier, apply_edits
from specnet.source import Source

MOST_OFFERS = 5
"""Fixes that are offered for one error."""

MOST_TRIALS = 40
MOST_NODES_TRIED = 40_000
"""Candidates that are tried for one error, fewer for a large network."""

MOST_ROUNDS = 3
"""Rounds in which a line that can be read at last is mended further."""


def add_fixes(checked: Checked, overrides: Mapping[str, str], read: Read) -> Checked:
    """Add to each error the fixes that are verified for it, best first."""
    if checked.ok:
        return checked
    verifier = Verifier(checked, overrides, read)
    return replace(
        checked, diagnostics=tuple(_fix_diagnostic(checked, diagnostic, verifier) for diagnostic in checked.diagnostics)
    )


def select_safe_fixes(checked: Checked) -> list[Fix]:
    """Return the fixes that need no choice: single safe ones of errors, in the file itself, none within another."""
    fixes = list[Fix]()
    for diagnostic in checked.diagnostics:
        safe = [fix for fix in diagnostic.fixes if fix.safe]
        if len(safe) == 1 and all(_is_free(edit, collect_edits(fixes), checked.source) for edit in safe[0].edits):
            fixes += safe
    return fixes


def collect_edits(fixes: Iterable[Fix]) -> list[Edit]:
    """Return all edits of these fixes."""
    return [edit for fix in fixes for edit in fix.edits]


def _is_free(edit: Edit, others: Sequence[Edit], source: Source) -> bool:
    span = edit.span
    return span.source is source and all(span.end <= o.span.start or o.span.end <= span.start for o in others)


def _fix_diagnostic(checked: Checked, diagnostic: Diagnostic, verifier: Verifier) -> Diagnostic:
    """Return a diagnostic with its verified fixes; only errors get any."""
    if diagnostic.severity is not Severity.ERROR:
        return replace(diagnostic, fixes=())
    trials = max(4, min(MOST_TRIALS, MOST_NODES_TRIED // (1 + len(checked.network.nodes))))
    tried, verified = set[str](), list[Fix]()
    for candidate in _follow_up(diagnostic, generate_candidates(checked, diagnostic, verifier.recheck), verifier):
        text = verifier.apply_to_text(candidate.edits)
        if len(tried) == trials or len(verified) == MOST_OFFERS:
            break
        if text in tried:
            continue
        tried.add(text)
        after = verifier.verify(diagnostic, candidate)
        if after:
            verified.append(verifier.add_title(candidate, diagnostic, after))
    return _show_gap(replace(diagnostic, fixes=tuple(verified)))


def _follow_up(diagnostic: Diagnostic, fixes: Iterable[Fix], verifier: Verifier) -> Iterator[Fix]:
    """Yield each fix; on a line that could not be read also with the safe fixes of what is then still wrong."""
    for fix in fixes:
        yield fix
        if diagnostic.code is Code.E003 and diagnostic.span and diagnostic.span.source is verifier.checked.source:
            yield from _mend_further(fix, diagnostic.span.line, verifier)


def _mend_further(fix: Fix, line: int, verifier: Verifier) -> Iterator[Fix]:
    was = verifier.checked.source
    source = apply_edits(was, fix.edits)
    for _ in range(MOST_ROUNDS):
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


def _show_gap(diagnostic: Diagnostic) -> Diagnostic:
    """Show a claim about the whole also where the first fix would be made."""
    if diagnostic.code is not Code.E402 or not diagnostic.fixes:
        return diagnostic
    edit = diagnostic.fixes[0].edits[0]
    text = f"with {edit.text} here, it would be met"
    return replace(diagnostic, labels=(*diagnostic.labels, Label(edit.span, text, primary=False)))
