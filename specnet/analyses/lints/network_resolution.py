"""N507: no pooling and no stride for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.graph import Node
from specnet.layers.base import Shape

LONG = 8
LARGE = 48
"""Convolutions in a row, and pixels along a side, from which on a map is kept large for long."""

UNPOOLED = 16
"""Pixels along a side that a fc reads without any pooling before it."""


def kept_large(view: View) -> Iterator[Finding]:
    """The longest row of convolutions on a large map, where the network does not end in one."""
    rows = _rows(view)
    longest = max(rows, key=lambda name: rows[name], default="")
    node = view.network.by_name.get(longest)
    if node and node.output and rows[longest] > LONG and not any(map(_is_map, map(view.network.shapes.get, view.ends))):
        height, width = node.output[:2]
        fact = f"{rows[longest]} convolutions in a row keep the map at {height}×{width}"
        beside = "each adds F − 1 pixels to the receptive field; behind a stride of 2 it would be 2(F − 1)"
        yield view.finding(node, "stride", beside, fact=fact)


def _is_map(shape: Shape | None) -> bool:
    return shape is not None and len(shape) == 3 and shape[:2] != (1, 1)


def _rows(view: View) -> Mapping[str, int]:
    """For each large map, how many convolutions with a window have kept its size."""
    rows: dict[str, int] = {}
    for node in view.network.nodes:
        before = max((rows.get(name, 0) for name in node.inputs), default=0)
        if node.output and len(node.output) == 3 and min(node.output[:2]) >= LARGE:
            is_same = view.arriving(node)[:2] == node.output[:2]
            rows[node.name] = (before if is_same else 0) + _has_window(view, node)
    return rows


def _has_window(view: View, node: Node) -> bool:
    axes = view.axes(node) if node.kind == "conv" else None
    return axes is not None and max(axis.extent for axis in axes) > 1


def unpooled(view: View) -> Iterator[Finding]:
    """A fc that reads a large map in a network that never makes one smaller."""
    nodes = view.network.nodes
    reader = next((node for node in nodes if node.kind in ("fc", "flatten") and len(view.arriving(node)) == 3), None)
    if not reader or sum(_has_window(view, node) for node in nodes) < 2 or any(_halves(view, node) for node in nodes):
        return
    height, width, channels = view.arriving(reader)
    if min(height, width) > UNPOOLED:
        beside = f"{height}·{width}·{channels} = {height * width * channels:,} numbers arrive"
        yield view.finding(reader, "", beside, fact=f"nothing before `{reader.name}` makes the map smaller")


def _halves(view: View, node: Node) -> bool:
    return len(node.output or ()) == 3 and 2 * (node.output or ())[0] <= view.arriving(node)[0] + 1


LINTS = (Lint(Code.N507, kept_large), Lint(Code.N507, unpooled))
