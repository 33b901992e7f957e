"""Candidates: edits that may help, likeliest first; each is offered only once it is verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, zip_longest

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Fix, make_replacement
from specnet.fixes.attributes import Change, change_attributes, change_input, put_channels_last
from specnet.fixes.joins import make_arms_meet
from specnet.fixes.numbers import Recheck, change_numbers, close_gap
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape

MOST_BEFORE_CLAIM = 3
"""Attributes that are tried before the claim itself is put in question."""

Maker = Callable[[Checked, Diagnostic, Recheck], Iterator[Fix]]


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
