"""Values, layers and settings as text: `3x5`, `conv K=96 F=11 S=4`, `sgd lr=0.1`. Defaults are left out.

value → expression of the syntax tree → text, so that a value is printed in the same way here and by `specnet fmt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin

from specnet.attributes import Attributes, BeforeAfter, Interval, Multiple
from specnet.graph import Node, ValueRef
from specnet.layers.base import Layer
from specnet.layers.base.layer import LIKE
from specnet.printer.expressions import format_argument, format_expression
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.expressions import CONSTANTS

NOWHERE = Source("<printer>", "").span(0, 0)
"""The span of trees that a program makes, which are in no file."""

UNNAMED = "…"
"""Stands for the name of the value of `like=@x` where that is not known."""

LONGEST_QUOTED = 10**15
"""Whole numbers from here on are rounded in messages."""


def format_layer(layer: Layer, like: str = UNNAMED) -> str:
    """Return the canonical text of a layer; reading it gives an equal layer. `like` names the value of `like=@x`."""
    return " ".join([layer.kind, *map(format_argument, to_arguments(layer, like))])


def format_node(node: Node) -> str:
    """Return the layer of a node as a spec writes it, without name and inputs; its word if it has an error."""
    return format_layer(node.layer, node.like) if node.layer else node.kind


def format_arguments(attributes: Attributes) -> str:
    """Return the arguments of a layer or setting: all positional values, then the others unless default."""
    return " ".join(map(format_argument, to_arguments(attributes)))


def format_attribute(attributes: Attributes, name: str) -> str:
    """Return one attribute as it is written on a line: `K=96`, `floor`."""
    return format_argument(_argument(type(attributes), name, getattr(attributes, name)))


def format_value(value: Any) -> str:
    """Return a value as it is written on a line: 3 for (3, 3), 3x5, 0:1, 0.2..1.8, yes, 1e-4, same, "a text"."""
    return format_expression(to_expression(value), tight=True)


def quote_value(value: Any) -> str:
    """Return a value as a message quotes it: long numbers rounded, both sides of 3x3, strings in backticks."""
    match value:
        case int() if abs(value) >= LONGEST_QUOTED:
            return f"{float(value):.3g}"
        case str():
            return f"`{value}`"
        case tuple():
            return "x".join(map(quote_value, value))
        case BeforeAfter() | Interval() | Multiple() | int() | float():
            return format_value(value)
        case ValueRef():
            return f"the value `@{value.tap}`"
        case _:
            return "that"


def to_arguments(
    attributes: Attributes,
    like: str = UNNAMED,
    given: Mapping[str, tree.Expression] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> tuple[tree.Argument, ...]:
    """Return the arguments that set these attributes: all positional ones, then the others unless default.

    `like` names the value to whose height and width a layer comes, if it comes to those of one. Fields may be `given`
    as expressions; `defaults` are those of the file that differ from the class's.
    """
    found = [*_arguments(attributes, given or {}, defaults or {})]
    if isinstance(attributes, Layer) and attributes.is_like:
        found.append(tree.Argument(NOWHERE, make_name(LIKE), tree.Tap(NOWHERE, like)))
    return tuple(found)


def _arguments(
    attributes: Attributes, given: Mapping[str, tree.Expression], defaults: Mapping[str, Any]
) -> Iterator[tree.Argument]:
    cls = type(attributes)
    for name, is_positional, default in _list_fields(cls):
        value = getattr(attributes, name)
        if name in given:
            yield _keyed(cls, name, given[name])
        elif value is not None and (is_positional or value != defaults.get(name, default)):
            yield _argument(cls, name, value)


@cache
def _list_fields(cls: type[Attributes]) -> tuple[tuple[str, bool, Any], ...]:
    """Return the fields in the order of arguments: name, whether it is positional, and default."""
    is_sized = issubclass(cls, Layer) and bool(cls.size_field)
    others = [name for name in cls.model_fields if name not in cls.positional and not (is_sized and name == LIKE)]
    return tuple((name, name in cls.positional, cls.model_fields[name].default) for name in (*cls.positional, *others))


@cache
def _list_letters(cls: type[Attributes]) -> frozenset[str]:
    """Return the upper-case keys."""
    return frozenset(key for field in cls.model_fields if (key := cls.key_of(field)).isupper())


@cache
def _list_lists(cls: type[Attributes]) -> frozenset[str]:
    """Return the fields of any number of values, such as the epochs of a schedule, rather than of one for each axis."""
    return frozenset(name for name, field in cls.model_fields.items() if _is_list(field.annotation))


def _is_list(annotation: Any) -> bool:
    """Whether values of a type, or of a part of a union, are tuples of any length."""
    args = get_args(annotation)
    return (get_origin(annotation) is tuple and args[-1] is ...) or any(map(_is_list, args))


def _argument(cls: type[Attributes], name: str, value: object) -> tree.Argument:
    """Return `floor`, `4096` or `K=96`: an upper-case key beside others of its kind is never left out."""
    word = next((word for word, sets in cls.words.items() if sets == (name, value)), None)
    if word is not None:
        return tree.Argument(NOWHERE, None, make_name(word))
    if name in cls.shapes and isinstance(value, tuple):
        return _keyed(cls, name, _write_shape(value))
    if name in _list_lists(cls) and isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], int | float):
        return _keyed(cls, name, tree.Items(NOWHERE, tuple(map(to_expression, value))))
    return _keyed(cls, name, to_expression(value))


def _write_shape(sizes: Sequence[Any]) -> tree.Expression:
    """Return 3x3 for 3 and 3, as one size is another shape."""
    written = tuple(map(to_expression, sizes))
    return written[0] if len(written) == 1 else tree.Size(NOWHERE, written)


def _keyed(cls: type[Attributes], name: str, value: tree.Expression) -> tree.Argument:
    key, letters = cls.key_of(name), _list_letters(cls)
    has_key = name not in cls.positional or (key in letters and len(letters) > 1)
    return tree.Argument(NOWHERE, make_name(key) if has_key else None, value)


def make_name(text: str) -> tree.Name:
    """Return a name that is in no file."""
    return tree.Name(NOWHERE, text)


def to_expression(value: Any) -> tree.Expression:
    """Return an expression that evaluates to a value."""
    match value:
        case bool():
            return make_name("yes" if value else "no")
        case int() | float():
            return tree.Number(NOWHERE, value, re.sub(r"\.0$|(?<=e-)0|\+", "", repr(value)))
        case str():
            is_name = re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII) and value not in ("not", *CONSTANTS)
            return make_name(value) if is_name else tree.Text(NOWHERE, value)
        case Interval():
            return tree.Range(NOWHERE, to_expression(value.low), to_expression(value.high))
        case BeforeAfter():
            return _pair(value.before, value.after)
        case Multiple():
            return tree.Multiplier(NOWHERE, tree.Number(NOWHERE, value.factor, f"{value.factor:g}"))
        case ((int(), int()), (int(), int())) if isinstance(value, tuple):  # a list of these is a table
            return _padding(*value)
        case (int() | float(), *_):
            return _size(*map(to_expression, value))
        case _:
            return tree.Items(NOWHERE, tuple(tree.Items(NOWHERE, tuple(map(to_expression, row))) for row in value))


def _size(*sizes: tree.Expression) -> tree.Expression:
    """Return 3 for equal height and width, else 3x5, 7x7x64."""
    is_square = len(sizes) == 2 and sizes[0] == sizes[1]
    return sizes[0] if is_square else tree.Size(NOWHERE, sizes)


def _padding(height: tuple[int, int], width: tuple[int, int]) -> tree.Expression:
    """Return 1, 0:1 where the sides differ, 1x2 where the axes do, [0:1,2] where both do."""
    axes = _pair(*height), _pair(*width)
    is_mixed = height != width and any(isinstance(axis, tree.SidePair) for axis in axes)
    return tree.Items(NOWHERE, axes) if is_mixed else axes[0] if height == width else _size(*axes)


def _pair(before: int, after: int) -> tree.Expression:
    if before == after:
        return to_expression(before)
    return tree.SidePair(NOWHERE, to_expression(before), to_expression(after))
