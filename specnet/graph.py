"""The network: its nodes in the order of the file, which is topological, as a value is named before it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from specnet.layers.base import Layer, Shape, Shapes
from specnet.printable import format_amount
from specnet.records import Record

if TYPE_CHECKING:
    from specnet.settings import Training


T = TypeVar("T")

TRAINING_ATTRIBUTES = {"init", "freeze"}
"""Attributes of layers that matter to training only, and not to the function that the network computes."""


class Input(Record):
    """An input of the network: its name and the shape of one image."""

    name: str
    shape: Shape


class Node(Record):
    """A layer with its inputs and the shape of its output. `layer` and `output` are None where an error hides them."""

    name: str
    kind: str
    layer: Layer | None
    inputs: tuple[str, ...]
    output: Shape | None
    shares: str | None = None
    """The node whose weights this one shares."""


class Head(Record):
    """An auxiliary output, with the weight of its loss."""

    name: str
    value: str
    weight: float = 1.0


class ValueRef(Record):
    """A value of the network as an argument of a block: `up @skip` refers to the node that `@skip` names."""

    name: str
    tap: str = field(default="", compare=False)
    """The name that the spec gives it, `skip`."""


class GivenLayers(Record):
    """The layers that a call gives to a parameter of a block, as they are written: `{ silu }`."""

    text: str


class ModuleScope(Record):
    """The block call, `repeat` or `for` that the nodes below a dotted name come from.

    `values` are a block's parameters with their arguments: numbers, texts, booleans, sizes, lists, `ValueRef`s and
    `GivenLayers`; None stands for an argument that depends on an unknown shape.
    """

    word: str
    values: tuple[tuple[str, Any], ...] = ()
    defaults: frozenset[str] = field(default=frozenset(), compare=False)
    """The parameters that have their default values, which the call need not write."""
    are_given_layers: bool = field(default=False, compare=False)
    """Whether these are the layers that a call gives to a parameter of a block, and `word` is that parameter."""
    carried: tuple[ValueRef, ...] = field(default=(), compare=False)
    """The values that a loop carries from turn to turn, as they are before the first one."""


class Network(Record):
    """A network with resolved names and expanded blocks. It holds no text, no positions and no syntax."""

    name: str
    description: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    heads: tuple[Head, ...] = ()
    scopes: Mapping[str, ModuleScope] = field(default_factory=dict, compare=False)
    training: Training | None = None

    def __repr__(self) -> str:
        return f"Network({self.name!r}, {format_amount(len(self.nodes), 'layer')})"

    @cached_property
    def shapes(self) -> Mapping[str, Shape | None]:
        """The shape of every named value."""
        return {i.name: i.shape for i in self.inputs} | {node.name: node.output for node in self.nodes}

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def _shape_origins(self) -> Mapping[str, str]:
        origins = dict[str, str]()
        for node in self.nodes:
            origins[node.name] = find_shape_origin(node, origins)
        return origins

    def shape_origin(self, value: str) -> Node | None:
        """Return the node that gave a value its shape; None if the value has the shape of an input."""
        return self.by_name.get(self._shape_origins.get(value, value))

    def input_shapes(self, node: Node) -> Shapes | None:
        """Return the shapes of the inputs of a node; None if one of them is unknown."""
        if len(node.inputs) == 1:
            return (shape,) if (shape := self.shapes[node.inputs[0]]) else None
        shapes = [self.shapes[name] for name in node.inputs]
        known = tuple(shape for shape in shapes if shape)  # that of an input may be empty
        return known if known and len(known) == len(shapes) else None

    @cached_property
    def digest(self) -> str:
        """A hash of inputs, nodes, attributes and edges. Layout, comments and training settings do not change it."""
        dump = once_per_layer(lambda layer, _: _dump_attributes(layer))
        parts: list[Any] = [[i.name, i.shape] for i in self.inputs]
        for node in self.nodes:
            attributes = dump(node.layer, ()) if node.layer else None
            parts.append([node.name, node.kind, attributes, node.inputs, node.shares])
        parts += [self.outputs, [[head.name, head.value] for head in self.heads]]
        return "sha256:" + hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _dump_attributes(layer: Layer) -> dict[str, Any]:
    """Return the attributes that make the function of a layer; defaults of later fields are left out."""
    fields = type(layer).model_fields
    later = {name for name in layer.later_fields if getattr(layer, name) == fields[name].default}
    return layer.model_dump(mode="json", exclude=TRAINING_ATTRIBUTES | later)


def once_per_layer(compute: Callable[[Layer, Shapes], T]) -> Callable[[Layer, Shapes], T]:
    """Return a function that computes something once for each layer and its inputs.

    Layers that are written alike are one object; it must be in use as long as the function is.
    """
    known = dict[tuple[int, Shapes], T]()

    def look_up(layer: Layer, inputs: Shapes) -> T:
        key = id(layer), inputs
        if key not in known:
            known[key] = compute(layer, inputs)
        return known[key]

    return look_up


def find_shape_origin(node: Node, origins: Mapping[str, str]) -> str:
    """Return the earliest value that a node has its shape from, past all layers that preserve the shape.

    `origins` are those of the nodes above; a value that has none is an input.
    """
    if node.layer and node.layer.preserves_shape and node.inputs:
        return origins.get(node.inputs[0], node.inputs[0])
    return node.name
