"""The search for fixes: candidates, likeliest first, are tried in turn, and those that are verified are offered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, Severity, make_replacement
from specnet.elaborate import Read
from specnet.fixes.layers import Change, change_attributes, change_input, make_arms_meet, put_channels_last
from specnet.fixes.numbers import Recheck, change_numbers, close_gap
from specnet.fixes.verification import Verifier, apply_edits
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape
from specnet.source import Source

MOST_BEFORE_CLAIM = 3
"""Attributes that are tried before the claim itself is put in question."""

Maker = Callable[[Checked, Diagnostic, Recheck], Iterator[Fix]]


MOST_OFFERS = 5
"""Fixes that are offered for one error."""

MOST_TRIALS = 40
MOST_NODES_TRIED = 40_000
"""Candidates that are tried for one error, fewer for a large network."""

MOST_ROUNDS = 3
"""Rounds in which a line that can be read at last is mended further."""


def generate_candidates(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Yield the fixes that an error brought along, then those that its code suggests."""
    yield from diagnostic.fixes
    if diagnostic.code is not Code.E401:
        yield from correct_claims(checked, diagnostic)
    maker = MAKERS.get(diagnostic.code)
    if maker and (diagnostic.node or diagnostic.code is Code.E402):
        yield from put_channels_last(checked)
        yield from maker(checked, diagnostic, recheck)


def correct_claims(checked: Checked, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Correct the false claims above an error, with which the check went on."""
    for other in checked.diagnostics:
        if other is diagnostic:
            break
        if other.code is Code.E401:
            line = checked.elaborated.claims[other.node].span.line
            yield from _correct_claim(checked, other, f" in line {line}")


def _correct_claim(checked: Checked, wrong: Diagnostic, where: str) -> Iterator[Fix]:
    """Correct a claim to the shape that its line gives."""
    actual, span = checked.network.shapes[wrong.node], checked.elaborated.claims[wrong.node].span
    if actual:
        yield make_replacement(span, "x".join(map(str, actual)), f"=> {format_shape(actual)}{where}")


def _fix_window(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Change the attributes of the layer that refuses, the input, the numbers of the calls that led there."""
    node = checked.network.by_name[diagnostic.node]
    claim = _claimed(checked, node)
    yield from _interleave([*change_attributes(checked, node, claim), *change_input(checked, node, claim)])
    yield from change_numbers(checked, diagnostic, claim, None)


def _fix_claim(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Change the layer that made the shape or the numbers on the line, or claim the shape that it is."""
    claim = checked.elaborated.claims[diagnostic.node]
    node = checked.network.shape_origin(diagnostic.node)
    actual = checked.network.shapes[diagnostic.node]
    if node:
        changes = change_attributes(checked, node, claim.shape)
        meant = list(_interleave([*changes, *change_input(checked, node, claim.shape)]))
    else:
        meant = []
    yield from meant[:MOST_BEFORE_CLAIM]
    yield from _correct_claim(checked, diagnostic, ", as it is")
    yield from meant[MOST_BEFORE_CLAIM:]
    yield from change_numbers(checked, diagnostic, claim.shape, actual)


def _fix_join(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    yield from make_arms_meet(checked, diagnostic)
    yield from change_numbers(checked, diagnostic, None, None)


def _fix_expectation(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    yield from close_gap(checked, diagnostic, recheck)


def _interleave(changes: list[Change]) -> Iterator[Fix]:
    """Yield the nearest value of each attribute, then the second nearest of each, …"""
    subjects = dict.fromkeys(change.subject for change in changes)
    columns = [[change.fix for change in changes if change.subject == subject] for subject in subjects]
    return (fix for fix in chain.from_iterable(zip_longest(*columns)) if fix)


def _claimed(checked: Checked, node: Node) -> Shape | None:
    """Return the shape that the node's line claims, if only layers that keep the shape stand between."""
    for name, claim in checked.elaborated.claims.items():
        if checked.network.shape_origin(name) is node:
            return claim.shape
    return None


MAKERS: Mapping[Code, Maker] = {
    Code.E301: _fix_window,
    Code.E302: _fix_window,
    Code.E303: _fix_window,
    Code.E304: _fix_window,
    Code.E306: _fix_window,
    Code.E310: _fix_join,
    Code.E401: _fix_claim,
    Code.E402: _fix_expectation,
}
"""What is tried for each code."""


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
