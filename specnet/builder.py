"""Build networks in Python, without any text.

>>> builder = NetworkBuilder("Small")
>>> x = builder.input((32, 32, 3))
>>> x = builder.add("conv", x, K=16, F=5, P=2, name="conv1")
>>> x = builder.add("relu", x)
>>> network = builder.network(builder.add("fc", x, K=10))
>>> network.shapes["conv1"], network.shapes["fc1"]
((32, 32, 16), (10,))
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from specnet.argument_types import describe_value, require_type
from specnet.attributes import LARGEST, describe_requirement, find_field
from specnet.graph import Input, Network, Node
from specnet.layers import get_layer_class, list_kinds
from specnet.layers.base import Layer, LayerError, Shape
from specnet.layers.base.traits import spell_number
from specnet.naming import escape_name
from specnet.printer.values import quote_value
from specnet.suggest import did_you_mean, find_closest_word

KEYWORDS = frozenset({"let", "block", "expect", "repeat", "for", "if", "else", "in", "or", "and", "not"})
"""The words of the language, which cannot be names."""

FORMS = "height, width and channels, length and channels, or a length"
"""The shapes that an input may have."""


class NetworkBuilder:
    """Builds a network node by node; every method raises ValueError at once for anything that a spec could not say.

    It raises TypeError for an argument of another type than it should have.
    """

    def __init__(self, name: str, description: str = "") -> None:
        require_type("name", name, str, "a text")
        require_type("description", description, str, "a text")
        if re.search(r'["\n\r]', name + description):
            raise ValueError("a name or a description has no quotes and no line ends")
        self.name = name
        self.description = description
        self._inputs: list[Input] = []
        self._nodes: list[Node] = []
        self._shapes: dict[str, Shape] = {}
        self._containers: set[str] = set()
        self._counts: Counter[str] = Counter()

    def input(self, shape: Shape, name: str = "input") -> str:
        """Add an input of one image's shape; return its name, escaped as by `add`.

        The shape is (height, width, channels) of a map, (length, channels) of a sequence, or (length,) of a vector.
        """
        require_type("name", name, str, "a text")
        require_type("shape", shape, (tuple, list), f"a tuple of whole numbers: {FORMS}")
        sizes, name = tuple(shape), _escape_path(name)
        if not 1 <= len(sizes) <= 3 or not all(type(size) is int and 1 <= size <= LARGEST for size in sizes):
            raise ValueError(f"an input is {FORMS}, from 1 to {LARGEST:,}, not {shape}")
        self._declare(name, sizes)
        self._inputs.append(Input(name, sizes))
        return name

    def add(self, layer: Layer | str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a layer that reads named values; return its name, with an underscore where torch needs the name itself.

        A layer may be given as its kind and attributes, with keys as in a spec (`K`) or as in torch (`out_channels`).
        """
        require_type("name", name, str, "a text")
        require_type("layer", layer, (Layer, str), 'a kind of layer, such as "conv", or a layer')
        made = layer if isinstance(layer, Layer) else make_layer(layer, attributes)
        name = _escape_path(name) if name else self._next_name(made.kind)
        if not made.input_count.admits(len(inputs)):
            raise ValueError(f"`{name}` takes {made.input_count}, not {spell_number(len(inputs))}")
        shapes = tuple(self._shape(value) for value in inputs)
        try:
            output = made.output(shapes)
        except LayerError as error:
            raise ValueError(f"`{name}` {error.fact}") from None
        self._declare(name, output)
        self._nodes.append(Node(name, made.kind, made, inputs, output))
        return name

    def shape(self, name: str) -> Shape:
        """Return the shape of a named value; raises ValueError if there is none."""
        return self._shape(name)

    def network(self, output: str) -> Network:
        """Return the network with this output."""
        self._shape(output)
        return Network(self.name, self.description, tuple(self._inputs), tuple(self._nodes), (output,))

    def _next_name(self, kind: str) -> str:
        """Return the first of `conv1`, `conv2`, … that is free."""
        while True:
            self._counts[kind] += 1
            name = f"{kind}{self._counts[kind]}"
            if name not in self._shapes:
                return name

    def _declare(self, name: str, shape: Shape) -> None:
        if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", name, re.ASCII) or name in KEYWORDS:
            raise ValueError(f"`{name}` cannot be a name: names have letters, digits and underscores")
        around = {name[: dot.start()] for dot in re.finditer(r"\.", name)}
        if name in self._shapes or name in self._containers or around.intersection(self._shapes):
            raise ValueError(f"the name `{name}` is taken")
        self._shapes[name] = shape
        self._containers |= around

    def _shape(self, name: str) -> Shape:
        if not isinstance(name, str):
            raise TypeError(f"a value is the name that `input` or `add` has returned, not {describe_value(name)}")
        if name not in self._shapes:
            raise ValueError(f"no value is named `{name}`{did_you_mean(find_closest_word(name, self._shapes))}")
        return self._shapes[name]


def _escape_path(name: str) -> str:
    return ".".join(map(escape_name, name.split(".")))


def make_layer(kind: str, attributes: Mapping[str, Any]) -> Layer:
    """Return a layer of a kind; raises ValueError in the words of a spec, which is as strict: `K="8"` is no number."""
    cls = get_layer_class(kind)
    if cls is None:
        hint = did_you_mean(find_closest_word(kind, list_kinds())) or f"; there are {', '.join(list_kinds())}"
        raise ValueError(f"no kind of layer is called `{kind}`{hint}")
    try:
        return cls.model_validate(attributes, strict=True)
    except ValidationError as error:
        messages = dict.fromkeys(_describe(kind, cls, detail) for detail in error.errors())
        raise ValueError("; ".join(messages)) from None


def _describe(kind: str, cls: type[Layer], detail: ErrorDetails) -> str:
    """Return a validation error in the words of a spec: "`K` of `conv` must be at least 1, not 0"."""
    name = find_field(cls, detail)
    if not name:
        return f"`{kind}` {str(detail['msg']).removeprefix('Value error, ')}"
    if name not in cls.model_fields:
        keys = {field: cls.key_of(field) for field in cls.model_fields}
        return f"`{kind}` has no attribute `{name}`{did_you_mean(find_closest_word(name, keys.values(), keys))}"
    key, meaning = cls.key_of(name), cls.model_fields[name].description
    if detail["type"] == "missing":
        return f"`{kind}` needs `{key}`{f', the {meaning}' if meaning else ''}"
    return f"`{key}` of `{kind}` {describe_requirement(detail, meaning)}, not {quote_value(detail['input'])}"
