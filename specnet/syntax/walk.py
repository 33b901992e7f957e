"""Walks over a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from specnet.syntax import tree


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
