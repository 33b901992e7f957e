"""N501, N502, N503: what K, F and P most often are, and why."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.graph import Node
from specnet.layers.base.window import Axis

BLOCK = 8
"""Channels that a GPU takes at once, at least."""


def odd_counts(view: View) -> Iterator[Finding]:
    """K that is neither a power of two nor a multiple of 8; not where it is computed, nor in the last layer."""
    for node in _inner_convolutions(view):
        count = node.output[-1] if node.output else 0
        if count & (count - 1) and count % BLOCK:
            below = 1 << (count.bit_length() - 1)
            beside = f"the powers of two next to it are {below} and {2 * below}"
            finding = view.finding(node, "out_channels", beside)
            if finding.span and finding.span.text.removeprefix("K=").isdigit():
                yield finding


def _inner_convolutions(view: View) -> Iterator[Node]:
    """Those behind which another layer with weights comes."""
    ahead, found = set[str](), list[Node]()
    for node in reversed(view.network.nodes):
        has_weights = node.kind in ("conv", "deconv", "fc")
        if node.kind in ("conv", "deconv") and node.name in ahead:
            found.append(node)
        if has_weights or node.name in ahead:
            ahead.update(node.inputs)
    yield from reversed(found)


def even_filters(view: View) -> Iterator[Finding]:
    """F without a middle where the stride is 1, unless it covers the whole map or `P=same` evens it out."""
    for node, axis in view.windows("conv"):
        if axis.window % 2 == 0 and axis.stride == 1 and axis.positions > 1 and axis.before == axis.after:
            yield view.finding(node, "kernel_size", f"P = (F − 1)/2 = {(axis.window - 1) / 2:g} would keep the size")


def shrinking(view: View) -> Iterator[Finding]:
    """A map that becomes smaller though S=1, unless the filter covers all of it or the padding is a layer before."""
    for node, axis in view.windows("conv"):
        before = view.before(node)
        if _shrinks(axis) and not (before and before.kind == "pad"):
            half = "(F − 1)/2" if axis.dilation == 1 else "D(F − 1)/2"
            beside = f"{axis.arithmetic}, and P = {half} = {axis.extent // 2} keeps {axis.size}"
            yield view.finding(node, "padding", beside)


def _shrinks(axis: Axis) -> bool:
    return axis.stride == 1 and axis.extent % 2 == 1 and 1 < axis.positions < axis.size


LINTS = (
    Lint(Code.N501, odd_counts, "{names} take{s} a K that is neither a power of two nor a multiple of 8"),
    Lint(Code.N502, even_filters, "{names} take{s} an even F, which has no middle"),
    Lint(Code.N503, shrinking, "{names} make{s} the map smaller without a stride"),
)
