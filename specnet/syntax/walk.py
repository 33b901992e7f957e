"""Walks over a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from specnet.source import Source, Span
from specnet.syntax import tree

Part = TypeVar("Part")


def numbers_in(node: object) -> Iterator[tree.Number]:
    """The numbers below a node, in the order of the text."""
    if isinstance(node, tree.Number):
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from numbers_in(item)
    elif is_dataclass(node) and isinstance(node, tree.Tree):
        for field in fields(node):
            if field.name != "span":
                yield from numbers_in(getattr(node, field.name))


def moved(part: Part, source: Source, by: int) -> Part:
    """A part of a tree as it stands in another source, `by` characters further on."""
    if isinstance(part, tuple):
        return type(part)(moved(item, source, by) for item in part)
    if not (is_dataclass(part) and isinstance(part, tree.Tree)):
        return part
    inner = {field.name: moved(getattr(part, field.name), source, by) for field in fields(part) if field.name != "span"}
    return replace(part, span=Span(source, part.span.start + by, part.span.end + by), **inner)


def is_one_call(body: tree.Body) -> bool:
    """Whether a body is a single unlabelled call: a block called there takes the repetition's name."""
    if len(body.lines) != 1:
        return False
    line = body.lines[0]
    if not isinstance(line, tree.Chain) or line.label or len(line.elements) != 1:
        return False
    call = line.elements[0]
    return isinstance(call, tree.Call) and call.body is None and call.alternative is None
