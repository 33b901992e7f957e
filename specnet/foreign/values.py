"""Values of other tools, and how a spec has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from specnet.printer.values import format_value

Value = Any
"""A number, bool, None, text or tuple as Python has it, or an `Expression`."""


class Expression(str):
    """The text of a value that is not a constant, such as `2*width`."""

    __slots__ = ()


def _measure_edges(sides: Value) -> Value:
    """Return torch's (left, right, top, bottom) as height, then width, each before and after."""
    if isinstance(sides, tuple) and len(sides) == 4:
        left, right, top, bottom = sides
        return (top, bottom), (left, right)
    return sides


def _repeat_sides(sides: Value) -> Value:
    """Return Keras's padding, n or (rows, columns) or ((top, bottom), (left, right)), as a pair of pairs."""
    axes = sides if isinstance(sides, tuple) else (sides, sides)
    return tuple(axis if isinstance(axis, tuple) else (axis, axis) for axis in axes)


def _drop_batch(shape: Value) -> Value:
    return shape[1:] if isinstance(shape, tuple) else shape


def _put_channels_last(shape: Value) -> Value:
    """Return the sizes of a map in the order of a spec; those of a sequence are in it already."""
    return (*shape[1:], *shape[:1]) if isinstance(shape, tuple) and len(shape) != 2 else shape


def _drop_batch_and_channels(sizes: Value) -> Value:
    """Return height and width of the four sizes of N×H×W×C; other forms as they are."""
    return sizes[1:3] if isinstance(sizes, tuple) and len(sizes) == 4 and sizes[0] == sizes[3] == 1 else sizes


def _name_torch_axis(dim: Value) -> Value:
    """Return the letter of a dimension of N×C×H×W; other values as they are."""
    return {1: "C", 2: "H", 3: "W", -3: "C", -2: "H", -1: "W"}.get(dim, dim) if are_whole(dim) else dim


def _name_keras_axis(axis: Value) -> Value:
    """Return the letter of an axis of N×H×W×C; other values as they are."""
    return {1: "H", 2: "W", 3: "C", -3: "H", -2: "W", -1: "C"}.get(axis, axis) if are_whole(axis) else axis


def make_pair(value: Value) -> tuple[Value, Value]:
    """Return height and width; one number stands for both."""
    return (value[0], value[-1]) if isinstance(value, tuple) and value else (value, value)


def are_whole(*values: Value) -> bool:
    """Return whether all values are whole numbers."""
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


CONVERSIONS: Mapping[str, Callable[[Value], Value]] = {
    "edges": _measure_edges,
    "sides": _repeat_sides,
    "batch": _drop_batch,
    "nhwc": _drop_batch_and_channels,
    "channels_last": _put_channels_last,
    "nchw_axis": _name_torch_axis,
    "nhwc_axis": _name_keras_axis,
}
"""The functions of the column of meanings, from the tool's value to SpecNet's."""

WITHOUT_PADDING = frozenset({"valid", "VALID"})
SAME_PADDING = frozenset({"same", "SAME"})

SHORT = 0.01
"""Numbers of one digit below this are written with an exponent."""


def to_spec_value(value: Value) -> Value:
    """Return the words for padding as a layer has them, and any other value as it is."""
    if not isinstance(value, str) or isinstance(value, Expression):
        return value
    return 0 if value in WITHOUT_PADDING else value.lower() if value in SAME_PADDING else value


def format_foreign_value(value: Value) -> str:
    """Return another tool's value as a spec has it: 3 for (3, 3), 3x5, yes, 1e-3, `(k)x(k + 2)` for expressions."""
    match value:
        case Expression():
            return value
        case str():
            return str(to_spec_value(value))
        case float() if 0 < abs(value) < SHORT and float(f"{value:.0e}") == value:
            return re.sub(r"(?<=e-)0", "", f"{value:.0e}")
        case tuple() if any(isinstance(side, Expression) for side in value):
            sides = [f"({side})" if isinstance(side, Expression) else str(side) for side in value]
            return str(value[0]) if len(value) == 2 and value[0] == value[1] else "x".join(sides)
        case (single,):
            return format_foreign_value(single)
    try:
        return format_value(value)
    except TypeError:  # nothing that a spec has
        return repr(value)


def subtract(one: float, value: Value) -> Value:
    if isinstance(value, Expression):
        return Expression(f"{one}-({value})")
    return round(one - value, 12) if isinstance(value, int | float) else value


def format_python(value: Value) -> str:
    """Return a value as Python has it."""
    return value if isinstance(value, Expression) else repr(value)
