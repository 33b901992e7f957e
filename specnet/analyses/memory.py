"""Memory: the bytes of one forward pass for one image in fp32, with everything kept as training keeps it.

Each parameter, each buffer and each element of each value counts 4 bytes, once. A value that torch can write in place
or make as a view of another one (relu, dropout, flatten, …) counts nothing; of a layer that does not say which, the
memory is unknown. Gradients, the optimizer's state, the workspace of a library and what an allocator rounds up are not
counted; a batch of N takes N times the activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from specnet.analyses.cost import Cost
from specnet.graph import Network, Node
from specnet.layers.base.traits import Storage

BYTES = 4
"""Of an element in fp32."""


def measure_memory(network: Network, costs: Mapping[str, Cost]) -> Mapping[str, int | None]:
    """Return the bytes of each node whose shape is known; None where it is unknown how its output is stored."""
    return {node.name: _measure_memory(node, costs[node.name]) for node in network.nodes if node.output}


def total_memory(network: Network, costs: Mapping[str, Cost]) -> int | None:
    """Return the bytes of one image of each input and of all layers together."""
    total = BYTES * sum(prod(i.shape) for i in network.inputs if i.shape)
    for size in measure_memory(network, costs).values():
        if size is None:
            return None
        total += size
    return total


def _measure_memory(node: Node, cost: Cost) -> int | None:
    storage = node.layer.storage if node.layer else None
    if storage is None:
        return None
    activations = prod(node.output or ()) if storage is Storage.OWN else 0
    return BYTES * (cost.parameters + cost.buffers + activations)
