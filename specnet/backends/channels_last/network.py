"""Network → operations on N×H×W×C of every node, with the order of flattened maps settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from specnet.backends.channels_last.operations import (
    FLATTEN,
    PERMUTE,
    RESHAPE,
    Operation,
    convert_calls,
    flattens_in_same_order,
)
from specnet.backends.channels_last.places import unify_windows
from specnet.backends.channels_last.windows import settle_window
from specnet.graph import Network, Node
from specnet.layers.base import Family, Shape

KEEPDIMS = "keepdims"
"""The argument of a global pool that says whether its output is 1×1×C or, where a vector is wanted, C."""

POINTWISE = (Family.ACTIVATION, Family.REGULARISATION)
"""Layers that treat all elements alike, in whatever order they are."""

GLOBAL_POOLS = ("nn.AdaptiveAvgPool2d", "nn.AdaptiveMaxPool2d", "nn.AvgPool2d", "nn.MaxPool2d")


@dataclass(frozen=True)
class ChannelsLast:
    """A network whose global pools give vectors, the operations of each of its nodes, and what flattened maps were.

    `flattened` are the shapes C×H×W of the maps that linear layers read flattened, by the owners of their weights.
    """

    network: Network
    operations: Mapping[str, tuple[Operation, ...]]
    flattened: Mapping[str, Shape]


def convert_network(network: Network) -> ChannelsLast:
    """Return the operations of a network that was checked without errors."""
    operations = {}
    for node in network.nodes:
        inputs = network.input_shapes(node)
        assert node.layer and inputs is not None and node.output is not None
        operations[node.name] = tuple(
            settle_window(each) for each in convert_calls(node.layer.torch(inputs), inputs, node.output)
        )
    converter = _Converter(network, operations)
    converter.drop_flattening_of_pools()
    converter.settle_orders()
    nodes = tuple(replace(node, output=converter.vectors.get(node.name, node.output)) for node in network.nodes)
    return ChannelsLast(
        replace(network, nodes=nodes), unify_windows(network, converter.operations), converter.flattened
    )


class _Converter:
    """Rewrites operations where a map becomes a vector."""

    def __init__(self, network: Network, operations: dict[str, tuple[Operation, ...]]) -> None:
        self.network, self.operations = network, operations
        self.flattened: dict[str, Shape] = {}
        self.vectors: dict[str, Shape] = {}
        """The shapes of the values that are vectors in place of maps of 1×1."""
        self.outputs = {*network.outputs, *(head.value for head in network.heads)}

    @cached_property
    def readers(self) -> Mapping[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.network.nodes:
            for value in node.inputs:
                found.setdefault(value, []).append(node)
        return found

    def drop_flattening_of_pools(self) -> None:
        """Let a global pool give a vector where all that reads it would flatten its 1×1 map."""
        for node in self.network.nodes:
            found = self.operations[node.name]
            if found and is_global_pool(found[-1]):
                passed = self._collect_flattened(node)
                arguments = {**found[-1].arguments, KEEPDIMS: passed is None}
                self.operations[node.name] = (*found[:-1], replace(found[-1], arguments=arguments))
                if passed is not None:
                    self.vectors[node.name] = found[-1].output[-1:]
                for reader in passed or ():
                    self._read_vector(reader)

    def _collect_flattened(self, node: Node) -> list[Node] | None:
        """Return the nodes that read a 1×1 map up to those that flatten it; None if another layer reads it as a map."""
        if node.name in self.outputs:
            return None
        found = list[Node]()
        for reader in self.readers.get(node.name, []):
            first = next(iter(self.operations[reader.name]), None)
            if first and first.target == FLATTEN:
                found.append(reader)
                continue
            passed = self._collect_flattened(reader) if not first or is_pointwise(reader, self.operations) else None
            if passed is None:
                return None
            found += [reader, *passed]
        return found or None

    def _read_vector(self, node: Node) -> None:
        if not self.operations[node.name]:
            self.vectors[node.name] = (self.network.shapes[node.inputs[0]] or ())[-1:]
            return
        first, *rest = self.operations[node.name]
        vector = (first.inputs[0][-1],)
        if first.target != FLATTEN:
            self.vectors[node.name] = vector
        kept = rest if first.target == FLATTEN else [replace(first, inputs=(vector,), output=vector), *rest]
        self.operations[node.name] = tuple(kept)

    def settle_orders(self) -> None:
        """Flatten maps as they lie where only linear layers read them, whose weights can be sorted."""
        for node in self.network.nodes:
            found = self.operations[node.name]
            place = next((place for place, each in enumerate(found) if each.target == FLATTEN), None)
            if place is None or flattens_in_same_order(found[place]):
                continue
            shape = found[place].arguments["shape"]
            linear = self._find_linear(node, found[place + 1 :])
            if linear is None:
                self.operations[node.name] = (*found[:place], *_flatten_as_torch(found[place]), *found[place + 1 :])
            else:
                self.flattened |= dict.fromkeys(linear, shape)

    def _find_linear(self, node: Node, rest: tuple[Operation, ...]) -> list[str] | None:
        """Return the owners of the weights that alone read a vector; None if something else depends on its order."""
        if rest:
            return [node.shares or node.name] if rest[0].target == "nn.Linear" else None
        if node.name in self.outputs:
            return None
        found = list[str]()
        for reader in self.readers.get(node.name, []):
            operations = self.operations[reader.name]
            if operations and operations[0].target == "nn.Linear":
                found.append(reader.shares or reader.name)
                continue
            inner = self._find_linear(reader, ()) if not operations or is_pointwise(reader, self.operations) else None
            if inner is None:
                return None
            found += inner
        return found


def is_pointwise(node: Node, operations: Mapping[str, tuple[Operation, ...]]) -> bool:
    """Return whether a layer treats all elements of its only input alike."""
    layer = node.layer
    return bool(
        layer
        and layer.family in POINTWISE
        and layer.preserves_shape
        and len(operations[node.name]) == 1 == len(node.inputs)
        and not operations[node.name][0].arguments.get("num_parameters")
    )


def is_global_pool(operation: Operation) -> bool:
    """Return whether an operation averages a whole map, or finds its maximum, to a map of 1×1."""
    if operation.target not in GLOBAL_POOLS or operation.output[:2] != (1, 1):
        return False
    if operation.target.startswith("nn.Adaptive"):
        return True
    size = operation.arguments["kernel_size"]
    sizes = (size, size) if isinstance(size, int) else tuple(size)
    return sizes == operation.inputs[0][:2] and operation.arguments["padding"] == ((0, 0), (0, 0))


def _flatten_as_torch(operation: Operation) -> tuple[Operation, Operation]:
    """Return the operations that flatten a map with the channels first."""
    shape = operation.arguments["shape"]
    permute = Operation(PERMUTE, {"axes": (0, 3, 1, 2)}, operation.inputs, shape)
    return permute, Operation(RESHAPE, {"shape": operation.output}, (shape,), operation.output)
