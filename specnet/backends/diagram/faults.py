"""Where a network is broken: the layers at an error, the values that are not as claimed, and what has no place."""

from __future__ import annotations

from dataclasses import dataclass, field

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic
from specnet.graph import Node
from specnet.layers.base import LayerError, format_shape
from specnet.source import Span


@dataclass
class Faults:
    """What is wrong with each layer and each value, by name."""

    layers: dict[str, str] = field(default_factory=dict)
    """The message; empty where another call of the same block says it."""
    claims: dict[str, str] = field(default_factory=dict)
    """The shape that a line claims instead of the one it gives."""
    elsewhere: list[str] = field(default_factory=list)
    """Messages about no layer of the network: a word that is unknown, a line that cannot be read."""


def faults(checked: Checked) -> Faults:
    """What is wrong with a network, and where in its picture."""
    found = Faults()
    for error in checked.errors:
        name = error.node or _blamed(checked, error)
        if name is None:
            found.elsewhere.append(f"line {error.span.line}: {error.message}" if error.span else error.message)
        elif error.code is Code.E401:
            found.claims[name] = format_shape(checked.elaborated.claims[name].shape)
        else:
            found.layers.setdefault(name, error.message)
    for node in checked.network.nodes:
        if node.name not in found.layers and _is_refused(checked, node, found):
            found.layers[node.name] = ""
    return found


def _blamed(checked: Checked, error: Diagnostic) -> str | None:
    """The layer or input inside which an error stands: the innermost, as a join holds its arms."""
    inside = {
        name: place.element.end - place.element.start
        for name, place in checked.elaborated.places.items()
        if error.span and place.trace == error.trace and _holds(place.element, error.span)
    }
    return min(inside, key=inside.__getitem__, default=None)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.source is inner.source and outer.start <= inner.start and inner.end <= outer.end


def _is_refused(checked: Checked, node: Node, found: Faults) -> bool:
    """Whether a layer's own shape is what fails, though the message is about another call of the same block."""
    arriving = checked.network.input_shapes(node)
    if node.output is not None or not arriving or not all(arriving) or found.claims.keys() & set(node.inputs):
        return False
    try:
        return node.layer is None or not node.layer.output(arriving)
    except LayerError:
        return True
