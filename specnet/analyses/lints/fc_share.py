"""N505: a fully connected layer that holds most of the parameters."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.graph import Node
from specnet.layers.base import Shape

MOST = 0.5
LEAST = 500_000
"""The share and the number of parameters from which on it is worth saying."""


def dominant(view: View) -> Iterator[Finding]:
    """The fc that has more than half of them, where it reads a map and a global pool could stand before it."""
    total = sum(cost.parameters for cost in view.costs.values())
    for node in view.network.nodes:
        parameters = view.costs[node.name].parameters if node.kind == "fc" else 0
        if parameters <= max(LEAST, MOST * total):
            continue
        shape = _map_before(view, node)
        if len(shape) == 3 and shape[0] * shape[1] > 1:
            fact = f"`{node.name}` holds {100 * parameters / total:.1f} % of all parameters"
            yield view.finding(node, "", _weights(node, shape), fact=fact)


def _map_before(view: View, node: Node) -> Shape:
    """What a layer reads, before it is flattened."""
    first = view.back(node, lambda layer: layer.output is not None and len(layer.output) == 1 and layer.kind != "fc")
    return first.output if first and first.output else view.arriving(node)


def _weights(node: Node, shape: Shape) -> str:
    height, width, channels = shape
    neurons = node.output[0] if node.output else 0
    every, pooled = height * width * channels * neurons, channels * neurons
    return f"{height}·{width}·{channels}·{neurons} = {every:,} weights; behind `pool avg global` {pooled:,}"


LINTS = (Lint(Code.N505, dominant),)
