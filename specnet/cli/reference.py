"""The reference of a layer or setting, made of its class: what it is, its attributes, its words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from textwrap import fill
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from specnet import settings
from specnet.attributes import Attributes, Interval, Multiple
from specnet.printer.values import format_value

Rows = list[tuple[str, ...]]

PLAIN = {
    bool: "yes or no",
    int: "whole number",
    float: "number",
    str: "text",
    Interval: "interval",
    Multiple: "multiple, as 64x",
}
BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
MOST_BOUND = 10**6
"""Bounds above are there for the machine, not for people."""

MOST_WORDS = 4
"""Words of a choice that have room in the table."""

WIDTH = 110


def layer_text(kind: type[Attributes]) -> str:
    """A kind of layer."""
    return "\n\n".join([*_heading(kind.__module__), inspect.getdoc(kind) or "", *_attributes(kind)])


def setting_text(line: str) -> str:
    """A line of the `train` section, with all its choices."""
    default = type(settings.Training.model_fields[line].default)
    parts = [*_heading(f"{settings.__name__}.{line}")]
    for word, kind in settings.choices(line).items():
        heading = [f"{line} {word}" + (" (the default)" if kind is default else "")] if word else []
        parts += ["\n".join([*heading, inspect.getdoc(kind) or ""]), *_attributes(kind)]
    return "\n\n".join(parts)


def listed(modules: Mapping[str, str]) -> str:
    """A line for each word, with what its module says of it."""
    width = max(map(len, modules))
    return "\n".join(
        fill(f"{word:{width}}  {_introduction(module).partition(': ')[2]}", WIDTH, subsequent_indent=" " * (width + 2))
        for word, module in modules.items()
    )


def _heading(module: str) -> Iterator[str]:
    yield fill(_introduction(module), WIDTH)


def _introduction(module: str) -> str:
    """The first paragraph of a module's docstring: what it is, and an example."""
    return (sys.modules[module].__doc__ or "").partition("\n\n")[0]


def _attributes(kind: type[Attributes]) -> Iterator[str]:
    """The table of attributes, those that go by position, the words that a line may have."""
    if kind.model_fields:
        yield _table([("attribute", "torch's word", "type", "default", "meaning"), *_rows(kind)])
    lines = [f"by position: {', '.join(map(kind.key_of, kind.positional))}"] if kind.positional else []
    for name, field in kind.model_fields.items():
        choice = _choice(field.annotation)
        lines += [f"{kind.key_of(name)} is one of: {', '.join(choice)}"] if len(choice) > MOST_WORDS else []
    if kind.words:
        words = [f"{word} ({kind.key_of(name)}={format_value(value)})" for word, (name, value) in kind.words.items()]
        lines.append(f"bare words: {', '.join(words)}")
    yield from ["\n".join(fill(line, WIDTH, subsequent_indent="  ") for line in lines)] if lines else []


def _rows(kind: type[Attributes]) -> Rows:
    rows = list[tuple[str, ...]]()
    for name, field in kind.model_fields.items():
        written, type_ = kind.key_of(name), _type(field.annotation, field.metadata)
        rows.append((written, name if written != name else "", type_, _default(field), field.description or ""))
    return rows


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default is None else format_value(field.default)


def _type(annotation: Any, metadata: list[Any]) -> str:
    """`whole number from 1`, `max or avg`, `size`"""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _type(parts[0], list(parts[1:]))
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, parts)) if len(parts) <= MOST_WORDS else "a word"
    if annotation in PLAIN:
        return " ".join([PLAIN[annotation], *_bounds(metadata)])
    if get_origin(annotation) is tuple:
        return "size" if get_origin(parts[0]) is not tuple else "rows" if Ellipsis in parts else "pixels"
    return " or ".join(dict.fromkeys(_type(part, []) for part in parts if part is not NoneType))


def _choice(annotation: Any) -> tuple[str, ...]:
    """The words of a Literal, wherever in a type it stands."""
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return tuple(map(str, parts))
    return tuple(word for part in parts for word in _choice(part))


def _bounds(metadata: list[Any]) -> Iterator[str]:
    for bound in metadata:
        for name, words in BOUNDS.items():
            value = getattr(bound, name, None)
            if isinstance(value, int | float) and abs(value) < MOST_BOUND:
                yield words.format(f"{value:g}")


def _table(rows: Rows) -> str:
    """The rows in columns, without those that say nothing."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    )
