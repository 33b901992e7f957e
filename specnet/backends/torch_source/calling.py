"""What a forward pass calls: modules, functions, operators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from specnet.backends.torch_source.calls import Call
from specnet.backends.torch_source.layout import Group, Text, call, flat
from specnet.backends.torch_source.outline import Item, Leaf
from specnet.backends.torch_source.parameters import ACTIVATION, Slot
from specnet.backends.torch_source.parts import Parts, attribute

OPERATORS = {"torch.add": " + ", "torch.mul": " * "}


def applied(parts: Parts, item: Item, values: Sequence[Text]) -> Text:
    """What a part makes of values."""
    if not isinstance(item.content, Leaf):
        return call(attribute(item.owner), values)
    for place, each in enumerate(item.content.calls):
        values = [_joined(parts, item, place, each, values)]
    return values[0]


def _joined(parts: Parts, item: Item, place: int, each: Call, values: Sequence[Text]) -> Text:
    """A call of several values: as a list, two by two, or as they are."""
    if each.joins == "list":
        return _called(parts, item, place, each, [Group("[", tuple(values), "]")])
    if each.joins != "fold":
        return _called(parts, item, place, each, values)
    if each.target in OPERATORS:
        return OPERATORS[each.target].join(flat(value) for value in values)
    return reduce(lambda one, other: _called(parts, item, place, each, [one, other]), values)


def _called(parts: Parts, item: Item, place: int, each: Call, values: Sequence[Text]) -> Text:
    if each.is_module:
        return call(attribute(item.owner), values)
    function = flat(parts.stored(Slot(item.name, place, ACTIVATION))) if each.is_activation else each.function
    return call(function, [*values, *parts.arguments(item, place, each)])
