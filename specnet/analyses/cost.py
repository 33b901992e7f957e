"""Parameters, buffers and multiply-accumulates of each layer, and the totals of the network, which a spec can `expect`.

What a layer does not say is None, and so is every total that it enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from specnet.graph import Network, Node
from specnet.layers.base import count


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
    return Cost(count(node.layer.parameters(inputs)), count(node.layer.buffers(inputs)), macs)


def format_count(count: int | None) -> str:
    """Format a number as 62,378,344, and an unknown one as ?."""
    return "?" if count is None else f"{count:,}"


class Totals:
    """The costs of all nodes together; memory and receptive field are measured when they are first asked for."""

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
        from specnet.analyses.memory import total_memory

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
                from specnet.analyses.memory import measure_memory

                return next(name for name, size in measure_memory(self.network, self.costs).items() if size is None)
            case _:
                from specnet.analyses.receptive_field import first_unknown

                return first_unknown(self.network)
