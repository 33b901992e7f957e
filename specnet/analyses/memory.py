"""Memory: the bytes of one forward pass for one image in fp32, with everything kept as training keeps it.

Each parameter, each buffer and each number of each value counts 4 bytes, once. A value that torch makes in place or as
a view of another one (an activation, dropout, flatten, …) counts nothing. Gradients, the optimizer's state, the
workspace of a library and what an allocator rounds up are not in it; a batch of N takes N times the activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from specnet.analyses.cost import Cost
from specnet.graph import Network, Node
from specnet.layers.base import Family

BYTES = 4
"""Of a number in fp32."""

IN_PLACE = frozenset({Family.ACTIVATION, Family.REGULARISATION})
VIEWS = frozenset({"crop", "flatten", "identity", "permute", "reshape", "slice"})
"""What takes no memory of its own."""


def memory(network: Network, costs: Mapping[str, Cost]) -> Mapping[str, int]:
    """The bytes of each node whose shape is known."""
    return {node.name: BYTES * _numbers(node, costs[node.name]) for node in network.nodes if node.output}


def inputs_memory(network: Network) -> int:
    """The bytes of one image of each input."""
    return BYTES * sum(prod(i.shape) for i in network.inputs if i.shape)


def _numbers(node: Node, cost: Cost) -> int:
    is_free = node.kind in VIEWS or (node.layer is not None and node.layer.family in IN_PLACE)
    return cost.parameters + cost.buffers + (0 if is_free else prod(node.output or ()))
