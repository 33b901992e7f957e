"""N505, N506, N507: maps that stay large for long, or are read at once, or are pooled before they see the image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.analyses.lints.view import Finding, Lint, View, has_trait
from specnet.diagnostics import Code
from specnet.graph import Node
from specnet.layers.base import Shape
from specnet.layers.base.traits import Trait

MOST = 0.5
LEAST = 500_000
"""The share and the number of parameters from which on a layer is worth a note."""

LONG = 8
LARGE = 48
"""Convolutions in a row, and pixels along a side, from which on a map is kept large for long."""

UNPOOLED = 16
"""Pixels along a side that a fully connected layer reads without any pooling before it."""


def find_dominant_layers(view: View) -> Iterator[Finding]:
    """A fully connected layer with most of the parameters, where a global pool could stand before it."""
    total = sum(cost.parameters for cost in view.costs.values())
    for node in view.having(Trait.DENSE):
        parameters = view.costs[node.name].parameters
        if parameters <= max(LEAST, MOST * total):
            continue
        shape = _map_before(view, node)
        if len(shape) == 3 and shape[0] * shape[1] > 1:
            fact = f"`{node.name}` holds {100 * parameters / total:.1f} % of all parameters"
            yield view.finding(node, "", _count_weights(node, shape), fact=fact)


def _map_before(view: View, node: Node) -> Shape:
    """Return the shape that a layer reads, before it is flattened."""
    first = view.back(node, lambda layer: len(layer.output or ()) == 1 and not has_trait(layer, Trait.DENSE))
    return first.output if first and first.output else view.input_shape(node)


def _count_weights(node: Node, shape: Shape) -> str:
    height, width, channels = shape
    neurons = node.output[0] if node.output else 0
    every, pooled = height * width * channels * neurons, channels * neurons
    return f"{height}·{width}·{channels}·{neurons} = {every:,} weights; behind `pool avg global` {pooled:,}"


def find_short_sight(view: View) -> Iterator[Finding]:
    """The last global pools, behind a receptive field below the input."""
    sizes = {i.shape[:2] for i in view.network.inputs if len(i.shape) == 3}
    pools = _last_pools(view) if len(sizes) == 1 else []
    if not pools:
        return
    from specnet.analyses.receptive_field import receptive_fields

    fields = receptive_fields(view.network)
    for node in pools:
        seen, (height, width) = fields.get(node.inputs[0]), next(iter(sizes))
        if seen and (seen[0] < height or seen[1] < width):
            fact = f"the map that `{node.name}` pools sees {seen[0]}×{seen[1]} of {height}×{width} pixels"
            beside = f"1 + Σ(F − 1)·j = {seen[0]}, where j is the product of the strides before"
            yield view.finding(node, "", beside, fact=fact)


def _last_pools(view: View) -> list[Node]:
    """Return the pools that make one position of several and are no gate: no larger map comes behind them."""
    found, gates = list[Node](), set[str]()
    for node in reversed(view.network.nodes):
        if _is_map(node.output) or node.name in gates:
            gates.update(node.inputs)
        elif has_trait(node, Trait.POOLS) and view.input_shape(node)[:2] != (1, 1):
            found.append(node)
    return found


def find_long_rows(view: View) -> Iterator[Finding]:
    """The longest row of convolutions on a large map, where the network does not end in one."""
    rows = _count_rows(view)
    longest = max(rows, key=lambda name: rows[name], default="")
    node = view.network.by_name.get(longest)
    if node and node.output and rows[longest] > LONG and not any(map(_is_map, map(view.network.shapes.get, view.ends))):
        height, width = node.output[:2]
        fact = f"{rows[longest]} convolutions in a row keep the map at {height}×{width}"
        beside = "each adds F − 1 pixels to the receptive field; behind a stride of 2 it would be 2(F − 1)"
        yield view.finding(node, "stride", beside, fact=fact)


def _is_map(shape: Shape | None) -> bool:
    return shape is not None and len(shape) == 3 and shape[:2] != (1, 1)


def _count_rows(view: View) -> Mapping[str, int]:
    """Return for each large map how many convolutions with a window have kept its size."""
    rows: dict[str, int] = {}
    for node in view.network.nodes:
        before = max((rows.get(name, 0) for name in node.inputs), default=0)
        if node.output and len(node.output) == 3 and min(node.output[:2]) >= LARGE:
            is_same = view.input_shape(node)[:2] == node.output[:2]
            rows[node.name] = (before if is_same else 0) + _has_filter(view, node)
    return rows


def _has_filter(view: View, node: Node) -> bool:
    axes = view.axes(node) if has_trait(node, Trait.LEARNS_WEIGHT) else None
    return axes is not None and max(axis.extent for axis in axes) > 1


def find_unpooled_maps(view: View) -> Iterator[Finding]:
    """A vector made of a large map in a network that never makes one smaller."""
    nodes = view.network.nodes
    reader = next((node for node in nodes if len(node.output or ()) == 1 and len(view.input_shape(node)) == 3), None)
    if not reader or sum(_has_filter(view, node) for node in nodes) < 2 or any(_halves(view, node) for node in nodes):
        return
    height, width, channels = view.input_shape(reader)
    if min(height, width) > UNPOOLED:
        beside = f"{height}·{width}·{channels} = {height * width * channels:,} elements to read"
        yield view.finding(reader, "", beside, fact=f"nothing before `{reader.name}` makes the map smaller")


def _halves(view: View, node: Node) -> bool:
    return len(node.output or ()) == 3 and 2 * (node.output or ())[0] <= view.input_shape(node)[0] + 1


LINTS = (
    Lint(Code.N505, find_dominant_layers),
    Lint(Code.N506, find_short_sight),
    Lint(Code.N507, find_long_rows),
    Lint(Code.N507, find_unpooled_maps),
)
