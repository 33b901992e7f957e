"""Convert the nodes of a network to a language's calls, or say which of them it cannot write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.backends.channels_last.network import ChannelsLast
from specnet.backends.channels_last.operations import Operation
from specnet.backends.channels_last.rows import NoCounterpart, Rows, convert_operation
from specnet.backends.source.calls import Calls
from specnet.graph import Network, Node


@dataclass(frozen=True)
class UnwrittenLayer:
    """A layer that a language has no counterpart for, and why."""

    node: Node
    reason: str


class UnwrittenLayers(ValueError):
    """A network cannot be written in a language: `layers` are those without a counterpart."""

    def __init__(self, language: str, layers: tuple[UnwrittenLayer, ...]) -> None:
        super().__init__(
            "\n".join(f"`{each.node.name}` cannot be written in {language}: {each.reason}" for each in layers)
        )
        self.language, self.layers = language, layers


def convert_nodes(network: Network, operations: ChannelsLast, language: str, rows: Rows) -> Mapping[str, Calls]:
    """Return the calls of every node by its name. Raises UnwrittenLayers."""
    found: dict[str, Calls] = {}
    unwritten = list[UnwrittenLayer]()
    for node in network.nodes:
        try:
            found[node.name] = _convert(operations.operations[node.name], rows)
        except NoCounterpart as reason:
            unwritten.append(UnwrittenLayer(node, str(reason)))
    if unwritten:
        raise UnwrittenLayers(language, tuple(unwritten))
    return found


def _convert(operations: tuple[Operation, ...], rows: Rows) -> Calls:
    return tuple(call for operation in operations for call in convert_operation(operation, rows))
