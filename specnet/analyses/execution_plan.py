"""The steps of a network under some conditions: the type of each value, and which gradients are computed."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from specnet.analyses.memory import Bytes, Conditions
from specnet.byte_sizes import FP32
from specnet.graph import Network, Node, once_per_layer
from specnet.layers.base import Layer, Shape, Shapes, count_elements
from specnet.layers.base.families import is_frozen
from specnet.layers.base.traits import Autocast, Kept
from specnet.records import Record

ELEMENT_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
"""Bytes of an element that is computed in each precision."""


class UnknownMemory(Exception):
    """A layer has an error, or does not say how its output is stored or what it keeps; the argument is its name."""


class Step(Record):
    """A node with what the passes need to know of it: shapes, bytes of an element, and the parameters it trains."""

    node: Node
    layer: Layer
    shapes: Shapes
    width: int
    """The bytes of an element of the output."""
    trained: Mapping[str, Shape]
    """The parameters that are trained, by their full names."""
    needs_gradient: bool


class Plan:
    """The steps of a network under some conditions, and the type of each value."""

    def __init__(self, network: Network, conditions: Conditions, is_training: bool) -> None:
        self.network, self.conditions, self.is_training = network, conditions, is_training
        self.widths = {each.name: FP32 for each in network.inputs}
        self.trained_values = set[str]()
        """The values that depend on a trained parameter."""
        self.steps = [self._plan(node) for node in network.nodes]
        self.count_parameters = once_per_layer(lambda layer, shapes: count_elements(layer.parameters(shapes)))
        self.count_buffers = once_per_layer(lambda layer, shapes: count_elements(layer.buffers(shapes)))
        self.count_scratch = once_per_layer(lambda layer, shapes: layer.scratch(shapes))
        self.count_backward_scratch = once_per_layer(lambda layer, shapes: layer.backward_scratch(shapes))
        self.trained = {name: shape for step in self.steps for name, shape in step.trained.items()}
        """The parameters that are trained, by their full names."""
        self.outputs = [*network.outputs, *(head.value for head in network.heads)]

    def _plan(self, node: Node) -> Step:
        shapes = self.network.input_shapes(node)
        if node.layer is None or shapes is None or node.output is None:
            raise UnknownMemory(node.name)
        width = self.widths[node.name] = self._choose_width(node, node.layer)
        trained = self._list_trained(node, node.layer, shapes) if self.is_training else {}
        needs_gradient = bool(trained) or not self.trained_values.isdisjoint(node.operands)
        if needs_gradient:
            self.trained_values.add(node.name)
        return Step(node, node.layer, shapes, width, trained, needs_gradient)

    def _choose_width(self, node: Node, layer: Layer) -> int:
        if self.conditions.precision == "fp32":
            return FP32
        if layer.autocast is Autocast.LOWER:
            return ELEMENT_BYTES[self.conditions.precision]
        is_full = layer.autocast in (Autocast.FULL, Autocast.FULL_RESULT) and self.conditions.device == "cuda"
        return FP32 if is_full else max(self.widths[name] for name in node.operands)

    def _list_trained(self, node: Node, layer: Layer, shapes: Shapes) -> dict[str, Shape]:
        """Return the parameters that a node trains; shared ones belong to the node that has them."""
        named = {(node.shares or node.name, name): shape for name, shape in layer.parameters(shapes).items()}
        return {
            f"{owner}.{name}": shape
            for (owner, name), shape in named.items()
            if not is_frozen(layer, name) and f"{owner}.{name}" not in self.conditions.frozen
        }

    def find_kept(self, step: Step) -> Kept | None:
        """Return what a step keeps for the backward pass on the device of the conditions; None if unknown."""
        kept = step.layer.kept(step.shapes)
        return kept.on_cpu if kept and kept.on_cpu and self.conditions.device == "cpu" else kept

    def measure(self, value: str) -> Bytes:
        """Return the bytes of a value."""
        return Bytes(0, self.widths[value] * prod(self.network.shapes[value] or ()))
