"""Edits that may help, likeliest first. Nothing here is sure: each is offered only when its proof holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, zip_longest

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Fix, replacing
from specnet.fixes.attributes import Setting, channels_last, input_sizes, settings_that_give
from specnet.fixes.joins import arms_that_meet
from specnet.fixes.numbers import literals_near
from specnet.fixes.totals import Again, closing_the_gap
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape

MOST_BEFORE_CLAIM = 3
"""Attributes that are tried before the claim itself is put in question."""

Maker = Callable[[Checked, Diagnostic, Again], Iterator[Fix]]


def candidates(checked: Checked, diagnostic: Diagnostic, again: Again) -> Iterator[Fix]:
    """Candidates for an error: those that it brought along, then those that its code suggests."""
    yield from diagnostic.fixes
    if diagnostic.code is not Code.E401:
        yield from wrong_claims(checked, diagnostic)
    maker = MAKERS.get(diagnostic.code)
    if maker and (diagnostic.node or diagnostic.code is Code.E402):
        yield from channels_last(checked)
        yield from maker(checked, diagnostic, again)


def wrong_claims(checked: Checked, diagnostic: Diagnostic) -> Iterator[Fix]:
    """The claims above an error that do not hold, as they are: the check went on with what they say."""
    for other in checked.diagnostics:
        if other is diagnostic:
            break
        if other.code is Code.E401:
            line = checked.elaborated.claims[other.node].span.line
            yield from _as_it_is(checked, other, f" in line {line}")


def _as_it_is(checked: Checked, wrong: Diagnostic, where: str) -> Iterator[Fix]:
    """A claim corrected to the shape that its line gives."""
    actual, span = checked.network.shapes[wrong.node], checked.elaborated.claims[wrong.node].span
    if actual:
        yield replacing(span, "x".join(map(str, actual)), f"=> {format_shape(actual)}{where}")


def _of_window(checked: Checked, diagnostic: Diagnostic, again: Again) -> Iterator[Fix]:
    """Another attribute for the layer that refuses, another input, another number of the call that led there."""
    node = checked.network.by_name[diagnostic.node]
    claim = _claimed(checked, node)
    yield from _interleaved([*settings_that_give(checked, node, claim), *input_sizes(checked, node, claim)])
    yield from literals_near(checked, diagnostic, claim, None)


def _of_claim(checked: Checked, diagnostic: Diagnostic, again: Again) -> Iterator[Fix]:
    """Other attributes for the layer that made the shape, other numbers on the line; and the shape that it is."""
    claim = checked.elaborated.claims[diagnostic.node]
    node = checked.network.shape_origin(diagnostic.node)
    actual = checked.network.shapes[diagnostic.node]
    if node:
        settings = settings_that_give(checked, node, claim.shape)
        meant = list(_interleaved([*settings, *input_sizes(checked, node, claim.shape)]))
    else:
        meant = []
    yield from meant[:MOST_BEFORE_CLAIM]
    yield from _as_it_is(checked, diagnostic, ", as it is")
    yield from meant[MOST_BEFORE_CLAIM:]
    yield from literals_near(checked, diagnostic, claim.shape, actual)


def _of_join(checked: Checked, diagnostic: Diagnostic, again: Again) -> Iterator[Fix]:
    yield from arms_that_meet(checked, diagnostic)
    yield from literals_near(checked, diagnostic, None, None)


def _of_expectation(checked: Checked, diagnostic: Diagnostic, again: Again) -> Iterator[Fix]:
    """A number of the network that closes the gap."""
    yield from closing_the_gap(checked, diagnostic, again)


def _interleaved(settings: list[Setting]) -> Iterator[Fix]:
    """The nearest value of each attribute, then the second nearest of each, …"""
    fields = dict.fromkeys(setting.field for setting in settings)
    columns = [[setting.fix for setting in settings if setting.field == field] for field in fields]
    return (fix for fix in chain.from_iterable(zip_longest(*columns)) if fix)


def _claimed(checked: Checked, node: Node) -> Shape | None:
    """The shape that the node's line claims, if only layers that keep the shape stand between."""
    for name, claim in checked.elaborated.claims.items():
        if checked.network.shape_origin(name) is node:
            return claim.shape
    return None


MAKERS: Mapping[Code, Maker] = {
    Code.E301: _of_window,
    Code.E302: _of_window,
    Code.E303: _of_window,
    Code.E304: _of_window,
    Code.E306: _of_window,
    Code.E310: _of_join,
    Code.E401: _of_claim,
    Code.E402: _of_expectation,
}
"""What is tried for each code."""
