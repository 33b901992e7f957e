"""Parameters, buffers, multiply-accumulates and memory of each layer, and the totals of the network.

What a layer does not say is None, and so is every total that it enters.

Memory is the bytes of one forward pass for one image in fp32, with everything kept as training keeps it: each
parameter, each buffer and each element of each value counts 4 bytes, once. A value that torch can write in place or
make as a view of another one (relu, dropout, flatten, …) counts nothing. Gradients, the optimizer's state, the
workspace of a library and what an allocator rounds up are not counted; a batch of N takes N times the activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from specnet.graph import Network, Node
from specnet.layers.base import count_elements
from specnet.layers.base.traits import Storage

BYTES = 4
"""Of an element in fp32."""


@dataclass(frozen=True)
class Cost:
    """Learned elements, kept elements, and multiply-accumulates (MACs) of one forward pass for one image."""

    parameters: int = 0
    buffers: int = 0
    macs: int | None = 0

    def __add__(self, other: Cost) -> Cost:
        macs = None if self.macs is None or other.macs is None else self.macs + other.macs
        return Cost(self.parameters + other.parameters, self.buffers + other.buffers, macs)


def measure_costs(network: Network) -> Mapping[str, Cost]:
    """Return the cost of each node whose shape is known; shared weights count at the node that has them first."""
    return {node.name: _measure_cost(network, node) for node in network.nodes if node.output is not None}


def _measure_cost(network: Network, node: Node) -> Cost:
    inputs = network.input_shapes(node)
    assert node.layer is not None and inputs is not None
    macs = node.layer.macs(inputs)
    if node.shares:
        return Cost(macs=macs)
    return Cost(count_elements(node.layer.parameters(inputs)), count_elements(node.layer.buffers(inputs)), macs)


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


def format_count(count: int | None) -> str:
    """Format a number as 62,378,344, and an unknown one as ?."""
    return "?" if count is None else f"{count:,}"


class Totals:
    """The costs of all nodes together; memory and receptive field are measured when first asked for."""

    def __init__(self, network: Network, costs: Mapping[str, Cost]) -> None:
        self.network = network
        self.costs = costs

    @cached_property
    def _sum(self) -> Cost:
        return sum(self.costs.values(), Cost())

    @property
    def parameters(self) -> int:
        return self._sum.parameters

    @property
    def buffers(self) -> int:
        return self._sum.buffers

    @property
    def macs(self) -> int | None:
        return self._sum.macs

    @cached_property
    def memory(self) -> int | None:
        """The bytes of one forward pass for one image."""
        return total_memory(self.network, self.costs)

    @cached_property
    def receptive_field(self) -> int | None:
        """The pixels along the axis on which it is smaller; 0 where no layer slides a window."""
        from specnet.analyses.receptive_field import largest_receptive_field

        pixels = largest_receptive_field(self.network)
        return None if pixels is None else min(pixels)

    def unknown_layer(self, quantity: str) -> str:
        """Return the name of the first layer that does not say its part of an unknown total."""
        match quantity:
            case "macs":
                return next(name for name, cost in self.costs.items() if cost.macs is None)
            case "memory":
                return next(name for name, size in measure_memory(self.network, self.costs).items() if size is None)
            case _:
                from specnet.analyses.receptive_field import first_unknown

                return first_unknown(self.network)
