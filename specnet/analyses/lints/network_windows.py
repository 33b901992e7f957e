"""N501 to N504: the usual numbers of filters, sizes of windows and paddings, and why."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.view import Finding, Lint, View, has_trait
from specnet.diagnostics import Code
from specnet.graph import Node
from specnet.layers.base.traits import Trait
from specnet.layers.base.window import Axis

BLOCK = 8
"""Channels that a GPU takes at once, at least."""

LARGEST_POOL = 3


def find_odd_counts(view: View) -> Iterator[Finding]:
    """K that is neither a power of two nor a multiple of 8; not where it is computed, nor in the last layer."""
    for node in _inner_convolutions(view):
        count = node.output[-1] if node.output else 0
        if node.layer and count & (count - 1) and count % BLOCK:
            below = 1 << (count.bit_length() - 1)
            beside = f"the powers of two next to it are {below} and {2 * below}"
            finding = view.finding(node, node.layer.output_field, beside)
            if finding.span and finding.span.text.rpartition("=")[2].isdigit():
                yield finding


def _inner_convolutions(view: View) -> Iterator[Node]:
    """Yield the layers with filters before another layer with weights."""
    ahead, found = set[str](), list[Node]()
    for node in reversed(view.network.nodes):
        has_weights = has_trait(node, Trait.LEARNS_WEIGHT)
        if has_weights and len(node.output or ()) == 3 and node.name in ahead:
            found.append(node)
        if has_weights or node.name in ahead:
            ahead.update(node.inputs)
    yield from reversed(found)


def find_even_filters(view: View) -> Iterator[Finding]:
    """F without a middle where the stride is 1, unless it covers the whole map or `P=same` evens it out."""
    for node, field, axis in view.windows(Trait.LEARNS_WEIGHT):
        if axis.window % 2 == 0 and axis.stride == 1 and axis.positions > 1 and axis.before == axis.after:
            yield view.finding(node, field, f"P = (F − 1)/2 = {(axis.window - 1) / 2:g} would keep the size")


def find_shrinking_maps(view: View) -> Iterator[Finding]:
    """A map that becomes smaller though S=1, unless the filter covers all of it or the padding is a layer before."""
    for node, _, axis in view.windows(Trait.LEARNS_WEIGHT):
        if _shrinks(axis) and not has_trait(view.before(node), Trait.PADS):
            half = "(F − 1)/2" if axis.dilation == 1 else "D(F − 1)/2"
            beside = f"{axis.arithmetic}, and P = {half} = {axis.extent // 2} keeps {axis.size}"
            yield view.finding(node, "padding", beside)


def _shrinks(axis: Axis) -> bool:
    return axis.stride == 1 and axis.extent % 2 == 1 and 1 < axis.positions < axis.size


def find_wide_pools(view: View) -> Iterator[Finding]:
    """Pooling windows above 3×3, unless they cover the whole map."""
    for node, field, axis in view.windows(Trait.POOLS):
        if axis.window > LARGEST_POOL and axis.positions > 1:
            yield view.finding(node, field, f"1 number is left of {axis.window}·{axis.window}")


LINTS = (
    Lint(Code.N501, find_odd_counts, "{names} take{s} a K that is neither a power of two nor a multiple of 8"),
    Lint(Code.N502, find_even_filters, "{names} take{s} an even F, which has no middle"),
    Lint(Code.N503, find_shrinking_maps, "{names} make{s} the map smaller without a stride"),
    Lint(Code.N504, find_wide_pools, "{names} pool{s} over more than 3×3"),
)
