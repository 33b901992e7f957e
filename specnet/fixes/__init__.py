"""Fixes, each one proved: with the edit made, the whole network is checked again; this error is gone, no other came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, Severity
from specnet.elaborate import Read
from specnet.fixes.candidates import candidates
from specnet.fixes.proof import Proof, edited
from specnet.source import Source

__all__ = ["edited", "edits_of", "safe_fixes", "with_fixes"]

MOST_OFFERS = 5
"""Fixes that are offered for one error."""

MOST_TRIALS = 40
MOST_NODES_TRIED = 40_000
"""Candidates that are tried for one error, fewer for a large network."""

MOST_ROUNDS = 3
"""How often a line that can be read at last is mended further."""


def with_fixes(checked: Checked, overrides: Mapping[str, str], read: Read) -> Checked:
    """The same, each error with the fixes that were proved for it, best first."""
    if checked.ok:
        return checked
    proof = Proof(checked, overrides, read)
    return replace(checked, diagnostics=tuple(_fixed(checked, diagnostic, proof) for diagnostic in checked.diagnostics))


def safe_fixes(checked: Checked) -> list[Fix]:
    """The fixes that need no choice: single safe ones of errors, in the file itself, none within another."""
    fixes = list[Fix]()
    for diagnostic in checked.diagnostics:
        safe = [fix for fix in diagnostic.fixes if fix.safe]
        if len(safe) == 1 and all(_is_free(edit, edits_of(fixes), checked.source) for edit in safe[0].edits):
            fixes += safe
    return fixes


def edits_of(fixes: Iterable[Fix]) -> list[Edit]:
    """All that these fixes change."""
    return [edit for fix in fixes for edit in fix.edits]


def _is_free(edit: Edit, others: Sequence[Edit], source: Source) -> bool:
    span = edit.span
    return span.source is source and all(span.end <= o.span.start or o.span.end <= span.start for o in others)


def _fixed(checked: Checked, diagnostic: Diagnostic, proof: Proof) -> Diagnostic:
    """A diagnostic with its proved fixes; only errors get any."""
    if diagnostic.severity is not Severity.ERROR:
        return replace(diagnostic, fixes=())
    trials = max(4, min(MOST_TRIALS, MOST_NODES_TRIED // (1 + len(checked.network.nodes))))
    tried, proved = set[str](), list[Fix]()
    for candidate in _followed_up(diagnostic, candidates(checked, diagnostic, proof.checked_again), proof):
        text = proof.text_after(candidate.edits)
        if len(tried) == trials or len(proved) == MOST_OFFERS:
            break
        if text in tried:
            continue
        tried.add(text)
        after = proof.without_error(diagnostic, candidate)
        if after:
            proved.append(proof.titled(candidate, diagnostic, after))
    return _with_place_of_gap(replace(diagnostic, fixes=tuple(proved)))


def _followed_up(diagnostic: Diagnostic, fixes: Iterable[Fix], proof: Proof) -> Iterator[Fix]:
    """Each fix; for a line that could not be read also with the safe ones of what is then still wrong with it."""
    for fix in fixes:
        yield fix
        if diagnostic.code is Code.E003 and diagnostic.span and diagnostic.span.source is proof.checked.source:
            yield from _mended_further(fix, diagnostic.span.line, proof)


def _mended_further(fix: Fix, line: int, proof: Proof) -> Iterator[Fix]:
    was = proof.checked.source
    source = edited(was, fix.edits)
    for _ in range(MOST_ROUNDS):
        now = proof.checked_afresh(source)
        wrong = tuple(error for error in now.diagnostics if error.span and error.span.line == line)
        fixes = safe_fixes(replace(now, diagnostics=wrong))
        if not fixes:
            break
        source = edited(source, edits_of(fixes))
    old, new = was.text.splitlines(keepends=True), source.text.splitlines(keepends=True)
    if len(old) == len(new):
        edits = tuple(_of_lines(was, old, new))
        yield Fix(" ".join(edit.text.strip() for edit in edits), edits, fix.safe)


def _of_lines(source: Source, old: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
    """The lines that differ."""
    start = 0
    for before, after in zip(old, new, strict=True):
        if before != after:
            yield Edit(source.span(start, start + len(before.rstrip("\n"))), after.rstrip("\n"))
        start += len(before)


def _with_place_of_gap(diagnostic: Diagnostic) -> Diagnostic:
    """A claim about the whole is also shown at the layer that explains the gap: where the first fix would be made."""
    if diagnostic.code is not Code.E402 or not diagnostic.fixes:
        return diagnostic
    edit = diagnostic.fixes[0].edits[0]
    text = f"with {edit.text} here, it would be met"
    return replace(diagnostic, labels=(*diagnostic.labels, Label(edit.span, text, primary=False)))
