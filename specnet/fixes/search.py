"""The search for fixes: try candidates in turn, likeliest first, and offer those that are verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, Severity, make_replacement
from specnet.elaborate import Read
from specnet.fixes.layers import LayerChange, change_attributes, change_input, make_arms_meet, put_channels_last
from specnet.fixes.numbers import Recheck, change_numbers, close_gap
from specnet.fixes.translations import compare_translations
from specnet.fixes.verification import Verifier, apply_edits
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape
from specnet.source import Source

FixGenerator = Callable[[Checked, Diagnostic, Recheck], Iterator[Fix]]
"""Yields candidate fixes for an error."""

MAX_BEFORE_CLAIM = 3
"""The number of changes to a layer to try before correcting the claim itself."""

MAX_OFFERS = 5
"""The largest number of fixes to offer for one error."""

MAX_TRIALS = 40
MAX_NODES_TRIED = 40_000
"""The largest number of candidates to try for one error, and of nodes to check for that."""

MAX_ROUNDS = 3
"""The largest number of further rounds of fixes on a line that was unreadable at first."""


def generate_candidates(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Yield the fixes that the error already has, then corrections of earlier claims, then those for its code."""
    yield from diagnostic.fixes
    if diagnostic.code is not Code.E401:
        yield from correct_claims(checked, diagnostic)
    generator = GENERATORS.get(diagnostic.code)
    if generator and (diagnostic.node or diagnostic.code is Code.E402):
        yield from put_channels_last(checked)
        yield from generator(checked, diagnostic, recheck)


def correct_claims(checked: Checked, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Yield corrections of the wrong claims above an error, as the check has relied on them."""
    for other in checked.diagnostics:
        if other is diagnostic:
            break
        if other.code is Code.E401:
            line = checked.elaborated.claims[other.node].span.line
            yield from _correct_claim(checked, other, f" in line {line}")


def _correct_claim(checked: Checked, wrong: Diagnostic, where: str) -> Iterator[Fix]:
    """Yield the correction of a claim to the actual shape of its line, if that is known."""
    actual, span = checked.network.shapes[wrong.node], checked.elaborated.claims[wrong.node].span
    if actual:
        yield make_replacement(span, "x".join(map(str, actual)), f"=> {format_shape(actual)}{where}")


def _fix_window(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Yield changes of the failing layer's attributes, of the input, and of numbers on the lines that led there."""
    node = checked.network.by_name[diagnostic.node]
    claim = _find_claimed_shape(checked, node)
    yield from _interleave([*change_attributes(checked, node, claim), *change_input(checked, node, claim)])
    yield from change_numbers(checked, diagnostic, claim, None)


def _fix_claim(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Yield changes of the layer that determines the shape, corrections of the claim, and changes of numbers."""
    claim = checked.elaborated.claims[diagnostic.node]
    node = checked.network.shape_origin(diagnostic.node)
    actual = checked.network.shapes[diagnostic.node]
    if node:
        changes = change_attributes(checked, node, claim.shape)
        layer_fixes = list(_interleave([*changes, *change_input(checked, node, claim.shape)]))
    else:
        layer_fixes = []
    yield from layer_fixes[:MAX_BEFORE_CLAIM]
    yield from _correct_claim(checked, diagnostic, ", as it is")
    yield from layer_fixes[MAX_BEFORE_CLAIM:]
    yield from change_numbers(checked, diagnostic, claim.shape, actual)


def _fix_join(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    yield from make_arms_meet(checked, diagnostic)
    yield from change_numbers(checked, diagnostic, None, None)


def _fix_expectation(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    yield from close_gap(checked, diagnostic, recheck)


def _interleave(changes: list[LayerChange]) -> Iterator[Fix]:
    """Yield the nearest value of each attribute, then the second nearest of each, …"""
    subjects = dict.fromkeys(change.subject for change in changes)
    columns = [[change.fix for change in changes if change.subject == subject] for subject in subjects]
    return (fix for fix in chain.from_iterable(zip_longest(*columns)) if fix)


def _find_claimed_shape(checked: Checked, node: Node) -> Shape | None:
    """Return the shape that is claimed of the node, directly or behind layers that preserve the shape."""
    for name, claim in checked.elaborated.claims.items():
        if checked.network.shape_origin(name) is node:
            return claim.shape
    return None


GENERATORS: Mapping[Code, FixGenerator] = {
    Code.E301: _fix_window,
    Code.E302: _fix_window,
    Code.E303: _fix_window,
    Code.E304: _fix_window,
    Code.E306: _fix_window,
    Code.E310: _fix_join,
    Code.E401: _fix_claim,
    Code.E402: _fix_expectation,
}
"""The generator of candidates for each code."""


def add_fixes(checked: Checked, overrides: Mapping[str, str], read: Read) -> Checked:
    """Return the checked spec with verified fixes added to each error, best first."""
    if checked.ok:
        return checked
    checked = compare_translations(checked, overrides, read)
    verifier = Verifier(checked, overrides, read)
    return replace(
        checked, diagnostics=tuple(_fix_diagnostic(checked, diagnostic, verifier) for diagnostic in checked.diagnostics)
    )


def select_safe_fixes(checked: Checked) -> list[Fix]:
    """Return the fixes that need no choice: the only safe fix of an error, in the file itself, without overlaps."""
    fixes = list[Fix]()
    for diagnostic in checked.diagnostics:
        safe = [fix for fix in diagnostic.fixes if fix.safe]
        if len(safe) == 1 and all(_is_free(edit, collect_edits(fixes), checked.source) for edit in safe[0].edits):
            fixes += safe
    return fixes


def collect_edits(fixes: Iterable[Fix]) -> list[Edit]:
    """Return the edits of all these fixes."""
    return [edit for fix in fixes for edit in fix.edits]


def _is_free(edit: Edit, others: Sequence[Edit], source: Source) -> bool:
    span = edit.span
    return span.source is source and all(span.end <= o.span.start or o.span.end <= span.start for o in others)


def _fix_diagnostic(checked: Checked, diagnostic: Diagnostic, verifier: Verifier) -> Diagnostic:
    """Return a diagnostic with its verified fixes; only errors have any."""
    if diagnostic.severity is not Severity.ERROR:
        return replace(diagnostic, fixes=())
    trials = max(4, min(MAX_TRIALS, MAX_NODES_TRIED // (1 + len(checked.network.nodes))))
    tried, verified = set[str](), list[Fix]()
    for candidate in _follow_up(diagnostic, generate_candidates(checked, diagnostic, verifier.recheck), verifier):
        text = verifier.apply_to_text(candidate.edits)
        if len(tried) == trials or len(verified) == MAX_OFFERS:
            break
        if text in tried:
            continue
        tried.add(text)
        after = verifier.verify(diagnostic, candidate)
        if after:
            verified.append(verifier.add_title(candidate, diagnostic, after))
    return _show_gap(replace(diagnostic, fixes=tuple(verified)))


def _follow_up(diagnostic: Diagnostic, fixes: Iterable[Fix], verifier: Verifier) -> Iterator[Fix]:
    """Yield each fix; on an unreadable line, also combined with safe fixes of the errors that it reveals."""
    for fix in fixes:
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


def _show_gap(diagnostic: Diagnostic) -> Diagnostic:
    """Return an unmet expectation with a label at the place that the first fix would change."""
    if diagnostic.code is not Code.E402 or not diagnostic.fixes:
        return diagnostic
    edit = diagnostic.fixes[0].edits[0]
    text = f"with {edit.text} here, it would be met"
    return replace(diagnostic, labels=(*diagnostic.labels, Label(edit.span, text, primary=False)))
