"""The expressions that a spec gives to the attributes of layers within blocks, for code that is written of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from specnet.elaborate.elaboration import Elaborated
from specnet.elaborate.scope import ARRIVING
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.parser import parse

Formulas = Mapping[str, Mapping[str, tree.Expression]]
"""Expressions by the name of the node and the field of its layer."""

NO_FORMULAS: Formulas = {}
"""The formulas of a network that no spec describes."""

Part = TypeVar("Part")


def find_formulas(elaborated: Elaborated) -> Formulas:
    """Return the expressions of all attributes that are written within blocks.

    A name that a block or the file defines by `let` is replaced by its value, so that those left are parameters of the
    block, variables of loops and sizes.
    """
    numbers = {name: value for name, value in elaborated.variables.items() if type(value) in (int, float)}
    places = {name: place for name, place in elaborated.places.items() if place.trace and place.attributes}
    sources = dict.fromkeys(span.source for place in places.values() for span in place.attributes.values())
    written = {span: each for source in sources for span, each in _list_arguments(source, numbers).items()}
    return {
        name: {field: written[span] for field, span in place.attributes.items() if span in written}
        for name, place in places.items()
    }


def _list_arguments(source: Source, numbers: Mapping[str, float]) -> dict[Span, tree.Expression]:
    """Return the expression of each argument within a block; those within a block of a block are of the inner one."""
    found: dict[Span, tree.Expression] = {}
    for block in tree.find_parts(parse(source)[0], tree.Block):
        values = _list_values(block, numbers)
        found |= {each.span: _substitute(each.value, values) for each in tree.find_parts(block, tree.Argument)}
    return found


def _list_values(block: tree.Block, numbers: Mapping[str, float]) -> dict[str, tree.Expression]:
    """Return the values of the file, and of each `let` above the layers of a block, where C is the arriving one's."""
    parameters = {parameter.name.text for parameter in block.parameters}
    values: dict[str, tree.Expression] = {
        name: tree.Number(block.span, value, "") for name, value in numbers.items() if name not in parameters
    }
    arriving: dict[str, tree.Expression] = {"C": tree.Tap(block.span, f"{ARRIVING}.C")}
    for line in block.body.lines:
        if not isinstance(line, tree.Let):
            break
        values[line.name.text] = _substitute(line.value, arriving | values)
    return values


def _substitute(part: Part, values: Mapping[str, tree.Expression]) -> Part:
    """Return a part of an expression with values in place of names."""
    if isinstance(part, tree.Name):
        return values.get(part.text, part)  # type: ignore[return-value]  # a name stands where any expression may
    if isinstance(part, tuple):
        return tuple(_substitute(item, values) for item in part)  # type: ignore[return-value]
    if not (is_dataclass(part) and isinstance(part, tree.Tree)):
        return part
    inner = {each.name: _substitute(getattr(part, each.name), values) for each in fields(part) if each.name != "span"}
    return replace(part, **inner)
