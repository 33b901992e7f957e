"""`same LABEL`: whether what a line comes to, when it stands again, can have the weights that it had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.elaborate.build import Build
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape
from specnet.printer.values import format_layer


def difference(build: Build, originals: Sequence[Node], again: Sequence[Node]) -> str:
    """Why the nodes of a line that stands again cannot have the weights of the first ones; empty if they can.

    What arrives may be higher and wider, but it must have as many channels and lead to the same layers.
    """
    if any(node.output is None for node in (*originals, *again)):
        return ""  # what is wrong there is said already
    for first, node in zip(originals, again, strict=False):
        assert first.layer and node.layer
        if first.layer != node.layer:
            first_text, text = format_layer(first.layer), format_layer(node.layer)
            return f"`{first.name}` is `{first_text}`, and `{node.name}` would be `{text}`"
        for name, shape in _weights(build, first).items():
            if _weights(build, node)[name] != shape:
                needed = format_shape(_weights(build, node)[name])
                return f"the weights of `{first.name}` are {format_shape(shape)}, and `{node.name}` needs {needed}"
    if len(originals) != len(again):
        return f"the line had {len(originals)} layers, and what arrives would give it {len(again)}"
    return ""


def _weights(build: Build, node: Node) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the tensors that a node learns or keeps."""
    arriving: list[Shape | None] = [build.shapes[name] for name in node.inputs]
    assert node.layer
    known = tuple(shape for shape in arriving if shape)
    return {**node.layer.parameters(known), **node.layer.buffers(known)}
