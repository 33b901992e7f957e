"""What the shapes of a network would be with other layers or another input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from specnet.graph import Network, Node
from specnet.layers.base import Layer, LayerError, Shape, Shapes


@dataclass(frozen=True)
class Propagation:
    """The shapes behind a change: None where a layer refuses its inputs, and behind it."""

    shapes: Mapping[str, Shape | None]
    """The recomputed shapes by value; other values keep theirs."""
    refused: tuple[str, ...]
    """The nodes that refuse their inputs."""


def propagate(
    network: Network, inputs: Mapping[str, Shape], layers: Mapping[str, Layer], last: str = ""
) -> Propagation:
    """Return the shapes of all values behind the changed inputs and layers, up to the node `last` if one is given."""
    shapes: dict[str, Shape | None] = dict(inputs)
    refused = list[str]()
    for node in network.nodes:
        if node.name in layers or not shapes.keys().isdisjoint(node.inputs):
            shapes[node.name] = _compute_output(network, node, layers.get(node.name, node.layer), shapes, refused)
        if node.name == last:
            break
    return Propagation(shapes, tuple(refused))


def resize(network: Network, inputs: Mapping[str, Shape]) -> Network:
    """Return the network with other input shapes; what lies behind a layer that refuses them has no shape."""
    shapes = propagate(network, inputs, {}).shapes
    return replace(
        network,
        inputs=tuple(replace(given, shape=inputs.get(given.name, given.shape)) for given in network.inputs),
        nodes=tuple(replace(node, output=shapes.get(node.name, node.output)) for node in network.nodes),
    )


def _compute_output(
    network: Network, node: Node, layer: Layer | None, shapes: Mapping[str, Shape | None], refused: list[str]
) -> Shape | None:
    given = [shapes[name] if name in shapes else network.shapes[name] for name in node.inputs]
    known = tuple(shape for shape in given if shape)
    if layer is None or not known or len(known) < len(given):  # behind an error a node may lack inputs
        return None
    output = try_output(layer, known)
    if output is None:
        refused.append(node.name)
    return output


def try_output(layer: Layer, inputs: Shapes) -> Shape | None:
    """Return the output's shape; None if the layer refuses its inputs."""
    try:
        return layer.output(inputs)
    except LayerError:
        return None
