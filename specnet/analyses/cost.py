"""Parameters, buffers and MACs, node by node and together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.graph import Network, Node
from specnet.layers.base import count


@dataclass(frozen=True)
class Cost:
    """Learned numbers, kept numbers, and multiply-accumulates of one forward pass for one image."""

    parameters: int = 0
    buffers: int = 0
    macs: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.buffers + other.buffers, self.macs + other.macs)


def costs(network: Network) -> Mapping[str, Cost]:
    """The cost of each node whose shape is known; weights that a node shares are counted where they stand first."""
    return {node.name: _cost(network, node) for node in network.nodes if node.output is not None}


def total(costs: Mapping[str, Cost]) -> Cost:
    return sum(costs.values(), Cost())


def _cost(network: Network, node: Node) -> Cost:
    arriving = network.input_shapes(node)
    assert node.layer is not None and arriving is not None
    macs = node.layer.macs(arriving)
    if node.shares:
        return Cost(macs=macs)
    return Cost(count(node.layer.parameters(arriving)), count(node.layer.buffers(arriving)), macs)
