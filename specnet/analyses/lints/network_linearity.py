"""W503: two linear layers with nothing non-linear between."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code, Label
from specnet.graph import Node

LINEAR = frozenset({"conv", "fc"})
TRANSPARENT = frozenset({"bn", "dropout", "drop_path", "flatten", "identity", "pad", "scale"})
"""What is linear itself when the network is used."""


def in_a_row(view: View) -> Iterator[Finding]:
    """Linear layers behind linear ones that do not save anything, as a narrow or a depthwise one would."""
    for node in view.network.nodes:
        if node.kind in LINEAR:
            first = view.back(node, _is_transparent)
            if first and first.kind in LINEAR and not (_is_narrow(view, first, node) or _is_grouped(first, node)):
                word = view.elaborated.places[first.name].word
                other = Label(word, f"`{first.name}` is linear, too", primary=False)
                yield view.finding(node, "", _together(view, first, node), (other,))


def _is_transparent(node: Node) -> bool:
    return node.kind in TRANSPARENT or (node.kind == "pool" and getattr(node.layer, "operation", "") == "avg")


def _is_grouped(*nodes: Node) -> bool:
    """A depthwise and a pointwise convolution are one that is cheap (Xception, MobileNet)."""
    return any(getattr(node.layer, "groups", 1) > 1 for node in nodes)


def _is_narrow(view: View, first: Node, second: Node) -> bool:
    """Two thin matrices instead of a thick one (the linear bottleneck of MobileNetV2)."""
    assert first.output and second.output
    arriving = view.arriving(first)
    numbers = prod(arriving) if first.kind == "fc" else arriving[-1]
    return first.output[-1] < min(numbers, second.output[-1])


def _together(view: View, first: Node, second: Node) -> str:
    """What both are in one."""
    one, other = view.axes(first), view.axes(second)
    if not (one and other) or view.before(second) is not first:
        return "both together are one linear map"
    extent = one[0].extent + (other[0].extent - 1) * one[0].stride
    return f"both together are one conv of F = {one[0].extent} + ({other[0].extent} − 1)·{one[0].stride} = {extent}"


LINTS = (
    Lint(
        Code.W503,
        in_a_row,
        "{names} follow{s} a linear layer with nothing non-linear between",
        help="put an activation between them, as in `conv K=16 F=3 -> relu -> conv K=16 F=3`",
    ),
)
