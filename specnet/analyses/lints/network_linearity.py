"""W503: two linear layers with nothing non-linear between."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from specnet.analyses.lints.view import Finding, Lint, View, has_trait
from specnet.diagnostics import Code, Label
from specnet.graph import Node
from specnet.layers.base.traits import Trait


def find_linear_pairs(view: View) -> Iterator[Finding]:
    """Linear layers behind linear ones that do not save anything, as a narrow or a depthwise one would."""
    for node in filter(_is_linear, view.network.nodes):
        first = view.back(node, lambda before: has_trait(before, Trait.TRANSPARENT))
        if first and _is_linear(first) and not (_is_narrow(view, first, node) or _is_grouped(first, node)):
            word = view.elaborated.places[first.name].word
            other = Label(word, f"`{first.name}` is linear, too", primary=False)
            yield view.finding(node, "", _describe_pair(view, first, node), (other,))


def _is_linear(node: Node) -> bool:
    return has_trait(node, Trait.LINEAR) and has_trait(node, Trait.LEARNS_WEIGHT)


def _is_grouped(*nodes: Node) -> bool:
    """Whether one is depthwise: with a pointwise convolution it is a cheap one (Xception, MobileNet)."""
    return any(has_trait(node, Trait.GROUPED) for node in nodes)


def _is_narrow(view: View, first: Node, second: Node) -> bool:
    """Whether they are two thin matrices instead of a thick one (the linear bottleneck of MobileNetV2)."""
    assert first.output and second.output
    shape = view.input_shape(first)
    read = prod(shape) if has_trait(first, Trait.DENSE) else shape[-1]
    return first.output[-1] < min(read, second.output[-1])


def _describe_pair(view: View, first: Node, second: Node) -> str:
    """Return the single layer that both amount to."""
    one, other = view.axes(first), view.axes(second)
    if not (one and other) or view.before(second) is not first:
        return "both together are one linear map"
    extent = one[0].extent + (other[0].extent - 1) * one[0].stride
    return f"both together are one conv of F = {one[0].extent} + ({other[0].extent} − 1)·{one[0].stride} = {extent}"


LINTS = (
    Lint(
        Code.W503,
        find_linear_pairs,
        "{names} follow{s} a linear layer with nothing non-linear between",
        help="put an activation between them, as in `conv K=16 F=3 -> relu -> conv K=16 F=3`",
    ),
)
