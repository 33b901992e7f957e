"""A network made by a program, without any text.

builder = NetworkBuilder("Small")
x = builder.input((32, 32, 3))
x = builder.add("conv", x, K=16, F=5, P=2, name="conv1")
x = builder.add("relu", x)
network = builder.network(builder.add("fc", x, K=10))
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from specnet.graph import Input, Network, Node
from specnet.layers import kinds, layer_class
from specnet.layers.base import Layer, LayerError, Shape


class NetworkBuilder:
    """Grows a network node by node; what a layer cannot take is a ValueError at once."""

    def __init__(self, name: str, description: str = "") -> None:
        self.name = name
        self.description = description
        self._inputs: list[Input] = []
        self._nodes: list[Node] = []
        self._shapes: dict[str, Shape] = {}
        self._counts: Counter[str] = Counter()

    def input(self, shape: Shape, name: str = "input") -> str:
        """An input of shape (height, width, channels), or (length,); returns its name."""
        self._take(name, tuple(shape))
        self._inputs.append(Input(name, tuple(shape)))
        return name

    def add(self, layer: Layer | str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """A layer, or its kind and attributes (by letter or torch's word), fed by named values; returns its name."""
        made = layer if isinstance(layer, Layer) else _made(layer, attributes)
        self._counts[made.kind] += 1
        name = name or f"{made.kind}{self._counts[made.kind]}"
        try:
            output = made.output(tuple(self._shapes[value] for value in inputs))
        except LayerError as refusal:
            raise ValueError(f"`{name}` {refusal.fact}") from None
        self._take(name, output)
        self._nodes.append(Node(name, made.kind, made, inputs, output))
        return name

    def network(self, output: str) -> Network:
        """The network that gives this value."""
        return Network(self.name, self.description, tuple(self._inputs), tuple(self._nodes), (output,))

    def _take(self, name: str, shape: Shape) -> None:
        if name in self._shapes:
            raise ValueError(f"the name `{name}` is taken")
        self._shapes[name] = shape


def _made(kind: str, attributes: dict[str, Any]) -> Layer:
    found = layer_class(kind)
    if found is None:
        raise ValueError(f"no kind of layer is called `{kind}`; there are {', '.join(kinds())}")
    return found.model_validate(attributes)
