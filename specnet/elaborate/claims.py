"""`=> SHAPE` and `expect`: what a spec claims of itself."""

from __future__ import annotations

from specnet.diagnostics import Code, Label, make_diagnostic
from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import Claim, Expectation
from specnet.elaborate.scope import UNSET, ValueName
from specnet.graph import find_shape_origin
from specnet.layers.base import Shape, format_shape
from specnet.source import Span
from specnet.syntax import tree


def check_claim(chain: tree.Chain, claim: tree.Expression, context: Context, value: ValueName) -> None:
    """Compare the shape at the end of a line with the claimed one, which the check goes on with."""
    claimed = context.evaluate(claim, value)
    shape = claimed if isinstance(claimed, tuple) else (claimed,)
    if claimed is UNSET or value is None:
        return
    if not all(isinstance(size, int) and size > 0 for size in shape):
        context.report(Code.E112, "a claim is a shape, such as `55x55x96` or `1000`", claim.span)
        return
    graph = context.graph
    graph.claims[value] = Claim(shape, claim.span, chain.span)
    actual = graph.shapes[value]
    if actual is not None and actual != shape:
        _report_wrong_claim(claim.span, shape, actual, context, value)
        graph.broken.add(value)
    graph.shapes[value] = shape


def _report_wrong_claim(claim: Span, shape: Shape, actual: Shape, context: Context, value: str) -> None:
    """Report a wrong claim, but a mistake in a block at the first call of the block only."""
    message = f"`{value}` gives {format_shape(actual)}, not {format_shape(shape)} as claimed"
    origin, log = _origin_elsewhere(value, claim, context), context.graph.log
    if origin and origin.span in log.reported:
        return
    places = [origin] if origin else []
    log.add(make_diagnostic(Code.E401, message, claim, *places, trace=context.scope.trace, node=value))
    log.reported.update(label.span for label in places)


def _origin_elsewhere(value: str, claim: Span, context: Context) -> Label | None:
    """The layer that gave a value its shape, where that is on another line than the claim."""
    origin = find_shape_origin({node.name: node for node in context.graph.nodes}, value)
    element = context.graph.places[origin].element
    return None if element.line == claim.line else Label(element, f"made here, by `{origin}`", primary=False)


def add_expectation(line: tree.Expect, context: Context, value: ValueName) -> None:
    """`expect parameters 62_378_344`, `expect macs < 1.2G`; compared when the network is complete."""
    number = context.evaluate(line.value, value)
    if isinstance(number, int | float) and not isinstance(number, bool):
        quantity = line.quantity
        expectation = Expectation(quantity.text, line.comparison, number, quantity.span, line.value.span)
        context.graph.expectations.append(expectation)
