"""The names of layers in Keras, which cannot have dots on all of its backends."""

from __future__ import annotations

from specnet.backends.channels_last.conversion import UnwrittenLayer, UnwrittenLayers
from specnet.graph import Network


def to_layer_name(name: str) -> str:
    """Return a name of the spec as a layer of Keras has it."""
    return name.replace(".", "_")


def refuse_equal_names(network: Network) -> None:
    """Raise UnwrittenLayers if two layers would have one name."""
    first: dict[str, str] = {}
    unwritten = list[UnwrittenLayer]()
    for node in network.nodes:
        other = first.setdefault(to_layer_name(node.name), node.name)
        if other != node.name:
            reason = f"`{node.name}` would have the name of `{other}` there; give it another label"
            unwritten.append(UnwrittenLayer(node, reason))
    if unwritten:
        raise UnwrittenLayers("Keras", tuple(unwritten))
