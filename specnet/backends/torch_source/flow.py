"""The nodes that do something, in order: what each calls, where each value is made and where it is last read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from specnet.backends.torch_source.calls import Call, calls
from specnet.graph import Network, Node


@dataclass(frozen=True)
class Flow:
    """The nodes in order, what they call, and the values that leave the network, heads last."""

    nodes: tuple[Node, ...]
    called: Mapping[str, tuple[Call, ...]]
    ends: tuple[str, ...]

    @cached_property
    def position(self) -> Mapping[str, int]:
        return {node.name: position for position, node in enumerate(self.nodes)}

    @cached_property
    def last_read(self) -> Mapping[str, int]:
        """The position of the last node that reads a value; behind all nodes for what leaves the network."""
        reads = {value: position for position, node in enumerate(self.nodes) for value in node.inputs}
        return reads | dict.fromkeys(self.ends, len(self.nodes))

    def has_module(self, node: Node) -> bool:
        return any(call.is_module for call in self.called[node.name])

    def entering(self, positions: range) -> tuple[str, ...]:
        """The values from outside that the nodes at these positions read."""
        nodes = self.nodes[positions.start : positions.stop]
        inside = {node.name for node in nodes}
        return tuple(dict.fromkeys(value for node in nodes for value in node.inputs if value not in inside))

    def leaving(self, positions: range) -> tuple[str, ...]:
        """The values made by the nodes at these positions that are read behind them."""
        nodes = self.nodes[positions.start : positions.stop]
        return tuple(node.name for node in nodes if self.last_read.get(node.name, -1) >= positions.stop)


def flow(network: Network) -> Flow:
    """The network without the nodes that only pass on what arrives. It must have been checked without errors."""
    alias: dict[str, str] = {}
    nodes, called = list[Node](), dict[str, tuple[Call, ...]]()
    for node in network.nodes:
        arriving = network.input_shapes(node)
        if node.layer is None or arriving is None:
            raise ValueError(f"`{node.name}` stands at an error or behind one: check the spec first")
        inputs = tuple(alias.get(value, value) for value in node.inputs)
        called[node.name] = calls(node.layer, arriving)
        if called[node.name]:
            nodes.append(replace(node, inputs=inputs))
        else:
            alias[node.name] = inputs[0]
    ends = (*network.outputs, *(head.value for head in network.heads))
    return Flow(tuple(nodes), called, tuple(alias.get(value, value) for value in ends))
