"""Keys of parts and lines: those that agree are written alike, or alike but for numbers.

A value that a part reads by its name stands between `MARK`s in its key, so that a group of parts can be compared with
another whatever its values are called: `unify_names` numbers those that the group names itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from specnet.attributes import Interval
from specnet.graph import Node
from specnet.importers.folding.items import (
    Call,
    Item,
    Join,
    Leaf,
    Mark,
    Repeat,
    Resume,
    Sequence,
    Side,
    get_source,
    list_read,
)
from specnet.layers.base import Layer, Shape
from specnet.printer.expressions import format_expression
from specnet.printer.values import format_layer
from specnet.syntax import tree

MARK = "\0"

OPTIONAL = "identity or …"
"""The key of an arm that is the identity at some places, and a projection at others."""

Describe = Callable[[Node], str]
Shapes = Mapping[str, Shape | None]


def quote(value: str) -> str:
    return f"{MARK}{value}{MARK}"


def hide_names(key: str) -> str:
    """Return a key with one name for all values, which is the same for all groups whose keys may agree."""
    return re.sub(f"{MARK}.*?{MARK}", "@", key) if MARK in key else key


def unify_names(key: str, items: Sequence) -> str:
    """Return the key of a group with its own names numbered, and `in` for the value that it begins with."""
    if MARK not in key:
        return key
    own = {name: f"@{number}" for number, name in enumerate(re.findall(f"mark {MARK}(.*?){MARK}", key))}
    source = get_source(items)
    if source:
        own.setdefault(source, "@in")
    return re.sub(f"{MARK}(.*?){MARK}", lambda found: own.get(found[1], found[0]), key)


class ExactKeys:
    """Keys of parts that are written alike, numbers and expressions included."""

    def __init__(self) -> None:
        self._layers = dict[int, str]()

    def get(self, items: Sequence) -> str:
        return " ; ".join(map(self._get_item, items))

    def _get_item(self, item: Item) -> str:
        read = "".join(map(quote, list_read(item)))
        match item:
            case Leaf(node=node, given=given):
                return f"{self._describe(node)} {_format(given)} {read}"
            case Join(node=node, arms=arms, given=given, optional=optional):
                inner = "|".join(map(self.get, arms))
                return f"{self._describe(node)} {_format(given)} {optional} {{{inner}}}"
            case Resume():
                return f"resume {read}"
            case Mark(value=value):
                return f"mark {quote(value)}"
            case Side(head=head):
                return f"head {head.name}"
            case Call(block=block, arguments=arguments, given=given) if arguments is not None:
                literal = {name: value for name, value in arguments.items() if name not in given}
                return f"call {block} {literal} {_format(given)}"
            case Call(block=block, body=body):
                return f"call {block} {{{self.get(body)}}}"
            case Repeat(turns=turns, count=count):
                times = format_expression(count) if count else len(turns)
                return f"repeat {times} {{{self.get(turns[0])}}}"

    def _describe(self, node: Node) -> str:
        layer = node.layer
        if layer is None:
            return node.kind
        if id(layer) not in self._layers:
            self._layers[id(layer)] = format_layer(layer)
        return self._layers[id(layer)]


def _format(given: Mapping[str, tree.Expression]) -> str:
    return " ".join(f"{name}={format_expression(value)}" for name, value in given.items())


class LikeKeys:
    """Keys of parts that are written alike but for numbers. `aliases` stand for joins that differ in an identity."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._layers = dict[tuple[int, object], str]()
        self.aliases = dict[str, str]()

    def get(self, items: Sequence) -> str:
        return " ; ".join(map(self.get_item, items))

    def get_item(self, item: Item) -> str:
        read = "".join(map(quote, list_read(item)))
        match item:
            case Leaf(node=node, source=source):
                return f"{self._describe(node, source)} {read}"
            case Join():
                key = self.get_join(item)
                return self.aliases.get(key, key)
            case Resume():
                return f"resume {read}"
            case Mark(value=value):
                return f"mark {quote(value)}"
            case Side(head=head):
                return f"head {head.name}"
            case Call(block=block):
                return f"call {block}"
            case Repeat(turns=turns):
                return f"repeat {{{self.get(turns[0])}}}"

    def get_join(self, join: Join, optional: int | None = None) -> str:
        """Return the key of a join, with one arm that may be the identity."""
        arms = (OPTIONAL if place == optional else self.get(arm) for place, arm in enumerate(join.arms))
        return f"{self._describe(join.node, join.source)} {{{'|'.join(arms)}}}"

    def _describe(self, node: Node, source: str) -> str:
        layer = node.layer
        if layer is None:
            return node.kind
        channels = (self._shapes.get(source) or (0,))[-1]
        key = id(layer), channels if "groups" in type(layer).model_fields else 0
        if key not in self._layers:
            self._layers[key] = f"{layer.kind} {' '.join(_classify(layer, channels))}"
        return self._layers[key]


def _classify(layer: Layer, channels: int) -> list[str]:
    """Return what of a layer's attributes is no number, and what kind of a convolution it is."""
    found = list[str]()
    for name in type(layer).model_fields:
        value = getattr(layer, name)
        if name == "kernel_size":
            found.append(_classify_window(value))
        elif name == "groups":
            found.append("one" if value == 1 else "depthwise" if value == channels else "groups")
        elif isinstance(value, Interval) and dict(layer).get("axis") == "C":
            found.append(name)
        elif name != "padding" and not _is_numeric(value):
            found.append(f"{name}={value}")
        elif isinstance(value, tuple) and name != "padding":
            found.append(f"{name}{len(value)}")
    return found


def _classify_window(size: object) -> str:
    if not isinstance(size, tuple):
        return f"F={size}"
    height, width = size
    return "1x1" if height == width == 1 else "nxn" if height == width else "tall" if height > width else "wide"


def _is_numeric(value: object) -> bool:
    """Whether an attribute is a number, or numbers for the axes, and may be a parameter of a block."""
    if isinstance(value, tuple):
        return all(_is_numeric(each) for each in value)
    return isinstance(value, int | float) and not isinstance(value, bool)
