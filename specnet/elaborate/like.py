"""`like=@x`: a layer comes to the height and width of a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specnet.diagnostics import Code, Label, make_diagnostic, make_replacement
from specnet.elaborate.context import Context
from specnet.elaborate.scope import UNSET, Default
from specnet.graph import ValueRef
from specnet.layers.base import Layer, format_shape
from specnet.layers.base.layer import LIKE
from specnet.source import Span
from specnet.syntax import tree

Arguments = tuple[tree.Argument, ...]


def take_like(
    kind: type[Layer], word: tree.Name, arguments: Arguments, defaults: dict[str, Default], context: Context
) -> tuple[Arguments, dict[str, Default]]:
    """Return the arguments without `like=@x`, and with the height and width of that value as a default."""
    if slips := [*_find_slips(kind, arguments, context)]:
        return _report_slips(kind, word, arguments, slips, context), defaults | {
            kind.size_field: Default(UNSET, word.span)
        }
    like = next((each for each in arguments if each.key and each.key.text == LIKE), None)
    if like is None:
        return arguments, defaults
    others = tuple(each for each in arguments if each is not like)
    for other in others:
        if other.key and (other.key.text == LIKE or kind.field_of(other.key.text) == kind.size_field):
            first = Label(like.span, "given here, too", primary=False)
            context.report(Code.E113, "the size is given twice", other.span, first)
            others = tuple(each for each in others if each is not other)
    return others, defaults | {kind.size_field: Default(_find_map_size(like, context), like.span)}


def _find_map_size(like: tree.Argument, context: Context) -> Any:
    """Return the height and width of the map in `like=@x`; UNSET if they are unknown, or wrong, which is reported."""
    given = context.evaluate(like.value, None)
    if not isinstance(given, ValueRef):
        if given is not UNSET:
            message = f"`{LIKE}` takes a value with a name, `{LIKE}=@x`"
            context.report(Code.E112, message, like.value.span)
        return UNSET
    shape = context.graph.shapes[given.name]
    if shape and len(shape) != 3:
        message = f"`{LIKE}` takes a map, and `@{given.tap}` is a vector of {format_shape(shape)}"
        context.report_in_call(Code.E305, message, like.value.span)
        return UNSET
    context.graph.shape_uses.sizes.update(((given.name, 0), (given.name, 1)) if shape else ())
    return shape[:2] if shape else UNSET


Slip = tuple[Arguments, Span, str]
"""Arguments that were meant as `like=@x`, their place, and that text."""


def _find_slips(kind: type[Layer], arguments: Arguments, context: Context) -> Iterator[Slip]:
    """Yield what was meant as `like=@x`: a value by position or behind `like`, or in the place of the size."""
    for before, argument in zip((None, *arguments), arguments, strict=False):
        tap = _read_tap(argument.value, context)
        is_behind = before is not None and not argument.key and _is_word(before, LIKE)
        is_alone = not argument.key and isinstance(argument.value, tree.Tap)
        is_size = argument.key is not None and kind.field_of(argument.key.text) == kind.size_field
        if tap and before and is_behind:
            yield (before, argument), before.span.to(argument.span), f"{LIKE}=@{tap}"
        elif tap and (is_alone or is_size):
            yield (argument,), argument.span, f"{LIKE}=@{tap}"


def _read_tap(value: tree.Expression, context: Context) -> str:
    """Return the name of a value of the network that an expression is, with or without its `@`; "" for others."""
    if isinstance(value, tree.Tap):
        return value.name if context.scope.find_tap(value.name)[0] else ""
    is_name = isinstance(value, tree.Name) and not context.scope.find_variable(value.text)[0]
    return value.text if isinstance(value, tree.Name) and is_name and context.scope.find_tap(value.text)[0] else ""


def _is_word(argument: tree.Argument, word: str) -> bool:
    return not argument.key and isinstance(argument.value, tree.Name) and argument.value.text == word


def _report_slips(
    kind: type[Layer], word: tree.Name, arguments: Arguments, slips: list[Slip], context: Context
) -> Arguments:
    """Report the slips; return the other arguments."""
    for _, span, meant in slips:
        message = f"`{word.text}` comes to the size of a value by `{meant}`"
        found = make_diagnostic(Code.E112, message, span, fixes=[make_replacement(span, meant)])
        context.add_diagnostics([found], context.scope.trace)
    wrong = [argument for parts, *_ in slips for argument in parts]
    return tuple(argument for argument in arguments if argument not in wrong)
