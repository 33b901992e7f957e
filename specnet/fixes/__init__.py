"""Fixes, each one proved: with the edit made, the whole network is checked again; this error is gone, no other came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, Severity
from specnet.elaborate import Read
from specnet.fixes.candidates import candidates
from specnet.fixes.proof import Proof, edited
from specnet.source import Source

__all__ = ["edited", "safe_edits", "with_fixes"]

MOST_OFFERS = 5
"""Fixes that are offered for one error."""

MOST_TRIALS = 40
MOST_NODES_TRIED = 40_000
"""Candidates that are tried for one error, fewer for a large network."""


def with_fixes(checked: Checked, overrides: Mapping[str, str], read: Read) -> Checked:
    """The same, each error with the fixes that were proved for it, best first."""
    if checked.ok:
        return checked
    proof = Proof(checked, overrides, read)
    return replace(checked, diagnostics=tuple(_fixed(checked, diagnostic, proof) for diagnostic in checked.diagnostics))


def safe_edits(checked: Checked) -> tuple[Edit, ...]:
    """The edits that need no choice: of errors with a single safe fix, in the file itself, none within another."""
    edits = list[Edit]()
    for diagnostic in checked.diagnostics:
        safe = [fix for fix in diagnostic.fixes if fix.safe]
        if len(safe) == 1 and all(_is_free(edit, edits, checked.source) for edit in safe[0].edits):
            edits += safe[0].edits
    return tuple(edits)


def _is_free(edit: Edit, others: Sequence[Edit], source: Source) -> bool:
    span = edit.span
    return span.source is source and all(span.end <= o.span.start or o.span.end <= span.start for o in others)


def _fixed(checked: Checked, diagnostic: Diagnostic, proof: Proof) -> Diagnostic:
    """A diagnostic with its proved fixes; only errors get any."""
    if diagnostic.severity is not Severity.ERROR:
        return replace(diagnostic, fixes=())
    trials = max(4, min(MOST_TRIALS, MOST_NODES_TRIED // (1 + len(checked.network.nodes))))
    tried, proved = set[str](), list[Fix]()
    for candidate in candidates(checked, diagnostic, proof.checked_again):
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


def _with_place_of_gap(diagnostic: Diagnostic) -> Diagnostic:
    """A claim about the whole is also shown at the layer that explains the gap: where the first fix would be made."""
    if diagnostic.code is not Code.E402 or not diagnostic.fixes:
        return diagnostic
    edit = diagnostic.fixes[0].edits[0]
    text = f"with {edit.text} here, it would be met"
    return replace(diagnostic, labels=(*diagnostic.labels, Label(edit.span, text, primary=False)))
