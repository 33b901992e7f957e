"""The places of the errors of a network: its layers, its values, or neither."""

from __future__ import annotations

from dataclasses import dataclass, field

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic
from specnet.graph import Node
from specnet.layers.base import LayerError, format_shape
from specnet.source import Span


@dataclass
class ErrorPlaces:
    """The errors of a network by the layers and values that they are about."""

    layers: dict[str, str] = field(default_factory=dict)
    """The message by the layer's name; empty where another call of the same block has it."""
    claims: dict[str, str] = field(default_factory=dict)
    """The claimed shape by the name of the value that has another one."""
    elsewhere: list[str] = field(default_factory=list)
    """Messages about no layer of the network, such as an unknown word or a line that cannot be read."""


def locate_errors(checked: Checked) -> ErrorPlaces:
    """Return the places of all errors."""
    places = ErrorPlaces()
    for error in checked.errors:
        name = error.node or _find_innermost_node(checked, error)
        if name is None:
            places.elsewhere.append(f"line {error.span.line}: {error.message}" if error.span else error.message)
        elif error.code is Code.E401:
            places.claims[name] = format_shape(checked.elaborated.claims[name].shape)
        else:
            places.layers.setdefault(name, error.message)
    for node in checked.network.nodes:
        if node.name not in places.layers and _rejects_inputs(checked, node, places):
            places.layers[node.name] = ""
    return places


def _find_innermost_node(checked: Checked, error: Diagnostic) -> str | None:
    """Return the innermost layer or input that holds an error, as a join holds its arms."""
    lengths = {
        name: place.element.end - place.element.start
        for name, place in checked.elaborated.places.items()
        if error.span and place.trace == error.trace and _contains(place.element, error.span)
    }
    return min(lengths, key=lengths.__getitem__, default=None)


def _contains(outer: Span, inner: Span) -> bool:
    return outer.source is inner.source and outer.start <= inner.start and inner.end <= outer.end


def _rejects_inputs(checked: Checked, node: Node, places: ErrorPlaces) -> bool:
    """Return whether a layer cannot take its inputs, even if the message is about another call of the same block."""
    inputs = checked.network.input_shapes(node)
    if node.output is not None or not inputs or not all(inputs) or places.claims.keys() & set(node.inputs):
        return False
    try:
        return node.layer is None or not node.layer.output(inputs)
    except LayerError:
        return True
