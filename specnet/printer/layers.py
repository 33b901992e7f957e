"""Attributes as a person writes them in a spec: `conv K=96 F=11 S=4`, `pool max F=3 S=2`. Defaults are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from specnet.attributes import Attributes, BeforeAfter, Interval, Multiple
from specnet.layers.base import Layer


def format_layer(layer: Layer) -> str:
    """A layer as it is format_layer; reading that gives an equal layer."""
    return " ".join([layer.kind, *_values(layer)])


def format_arguments(attributes: Attributes) -> str:
    """What stands after the word of a layer or setting: positional values, always; then what is not a default."""
    return " ".join(_values(attributes))


def format_attribute(attributes: Attributes, name: str) -> str:
    """One attribute as it is format_layer: `K=96`, `floor`."""
    cls, value = type(attributes), getattr(attributes, name)
    return _word(cls, name, value) or _argument(cls, name, value)


def _values(attributes: Attributes) -> Iterator[str]:
    cls = type(attributes)
    others = [name for name in cls.model_fields if name not in cls.positional]
    for name in (*cls.positional, *others):
        value = getattr(attributes, name)
        if value is not None and (name in cls.positional or value != cls.model_fields[name].default):
            yield format_attribute(attributes, name)


def _word(cls: type[Attributes], name: str, value: object) -> str:
    """The bare word that sets the field to this value; empty if there is none."""
    return next((word for word, sets in cls.words.items() if sets == (name, value)), "")


def _argument(cls: type[Attributes], name: str, value: object) -> str:
    """`4096`, or `K=96`: by position only what may be, and a letter that has other letters beside it keeps its name."""
    text = format_value(value)
    letters = {cls.key_of(field) for field in cls.model_fields if cls.key_of(field).isupper()}
    if name not in cls.positional or (cls.key_of(name) in letters and len(letters) > 1):
        return f"{cls.key_of(name)}={text}"
    return f"({text})" if text.startswith("-") else text


def format_value(value: Any) -> str:
    """One value: 3 for (3, 3), 3x5, 0:1, 0.2..1.8, yes, 1e-4, same, "a text", [[1, 0], [0, -1]]."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return re.sub(r"\.0$|(?<=e-)0|\+", "", repr(value))
        case str():
            return value if re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII) else f'"{value}"'
        case Interval():
            return f"{format_value(value.low)}..{format_value(value.high)}"
        case BeforeAfter():
            return f"{value.before}:{value.after}"
        case Multiple():
            return f"{format_value(value.factor)}x"
        case ((int(), int()), (int(), int())):
            return _sides(*value)
        case (int() | float(), *_):
            return _size([format_value(size) for size in value])
        case _:
            return f"[{', '.join(_row(row) for row in value)}]"


def _row(row: Any) -> str:
    return f"[{', '.join(map(format_value, row))}]"


def _size(sizes: list[str]) -> str:
    """3 for equal height and width, else 3x5, 7x7x64; fractions need parentheses, as in (2)x(1.5)."""
    if len(sizes) == 2 and sizes[0] == sizes[1]:
        return sizes[0]
    return "x".join(sizes if all(size.isdigit() for size in sizes) else [f"({size})" for size in sizes])


def _sides(height: tuple[int, int], width: tuple[int, int]) -> str:
    """Padding of both axes: 1, 0:1 where the sides differ, 1x2 where the axes do, [0:1, 2] where both do."""
    axes = [str(before) if before == after else f"{before}:{after}" for before, after in (height, width)]
    if height == width:
        return axes[0]
    return f"[{', '.join(axes)}]" if any(":" in axis for axis in axes) else "x".join(axes)
