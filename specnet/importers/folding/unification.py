"""Several calls of a block → its definition: what differs between them becomes parameters (anti-unification).

A number that differs is written, if that holds at every place, by the channels of the layer's input (`C//2`), by those
of the block's (`@in.C`), or by another parameter (`4*K`); only otherwise it is a parameter of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from specnet.attributes import Interval
from specnet.importers.folding.items import Call, Item, Join, Leaf, Repeat, Sequence, get_groups, get_source
from specnet.importers.folding.keys import Shapes
from specnet.importers.folding.parameter_names import LEAST_ARMS, name_parameter
from specnet.layers.base import Layer
from specnet.printer.values import NOWHERE, make_name, to_expression
from specnet.syntax import tree

FACTORS = (2, 3, 4, 6, 8, 16)
"""The multiples and quotients that are looked for."""

FILTERS = ("out_channels", "groups")
"""The fields that are both the number of input channels in a depthwise convolution."""

CHANNELS = frozenset({"out_channels", "out_features", "groups", "K"})
"""Fields that are numbers of channels, which may be written by those of the input."""

LEAST_VALUES, MOST_MERGED = 3, 4
"""Where there are many arms, or more arguments than four, two numbers are one parameter if three values agree."""

Values = tuple[Any, ...]


class Mismatch(Exception):
    """The calls of a block are not alike but for numbers."""


@dataclass
class Parameter:
    """A parameter of a block, with the values that its calls give."""

    name: str
    key: str
    """The key of the attribute that it was made for."""
    values: Values
    is_channels: bool

    @property
    def default(self) -> Any:
        """The value that several calls have, or most letters; None for numbers of channels, and where all differ."""
        if self.is_channels:
            return None
        value, times = Counter(self.values).most_common(1)[0]
        return value if times > 1 or self.key.isupper() else None


@dataclass
class Block:
    """A block: its parameters, and its body, which stands for the bodies of all its calls."""

    number: int
    parameters: list[Parameter]
    body: Sequence
    source: str
    """The value that the body begins with, which is `@in` there."""
    calls: list[Call] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """A sequence in one of the calls, by the call's number."""

    owner: int
    items: Sequence


def unify(number: int, calls: list[Call], shapes: Shapes, blocks: Mapping[int, Block]) -> Block:
    """Return the block of these calls, and set their arguments; raises Mismatch."""
    unification = _Unification(calls, shapes, blocks)
    body = unification.merge([_Place(owner, call.body) for owner, call in enumerate(calls)])
    for owner, call in enumerate(calls):
        call.arguments = {each.name: each.values[owner] for each in unification.parameters}
    parameters = sorted(unification.parameters, key=lambda each: each.default is not None)
    return Block(number, parameters, body, get_source(calls[0].body), calls)


class _Unification:
    def __init__(self, calls: list[Call], shapes: Shapes, blocks: Mapping[int, Block]) -> None:
        self._shapes, self._blocks, self._owners = shapes, blocks, len(calls)
        self._entering = [self._channels(get_source(call.body)) for call in calls]
        self.parameters: list[Parameter] = []
        self._arms: list[Sequence] = []

    def _channels(self, value: str) -> int:
        return (self._shapes.get(value) or (0,))[-1]

    def merge(self, places: list[_Place]) -> Sequence:
        """Return the sequence that stands for all of these."""
        if len({len(place.items) for place in places}) != 1:
            raise Mismatch("sequences of other lengths")
        columns = zip(*(place.items for place in places), strict=True)
        return [self._merge_items([place.owner for place in places], list(column)) for column in columns]

    def _merge_items(self, owners: list[int], items: list[Item]) -> Item:
        first = items[0]
        if any(type(item) is not type(first) for item in items):
            raise Mismatch("parts of other kinds")
        match first:
            case Leaf():
                return replace(first, given=self._merge_layers(owners, items))
            case Join():
                return self._merge_joins(owners, items)
            case Call():
                return replace(first, given=self._merge_calls(owners, items))
            case Repeat():
                return self._merge_repeats(owners, items)
            case _:
                return first

    def _merge_layers(self, owners: list[int], items: list[Any]) -> dict[str, tree.Expression]:
        layers: list[Layer] = [item.node.layer for item in items]
        first, given = layers[0], dict[str, tree.Expression]()
        if any(layer.kind != first.kind for layer in layers):
            raise Mismatch("layers of other kinds")
        channels = [self._channels(item.source) for item in items]
        for name in type(first).model_fields:
            values = [getattr(layer, name) for layer in layers]
            slot = _Slot(name, type(first).key_of(name), owners, values, channels)
            found = self._express_layer(slot, layers, given)
            if found is not None:
                given[name] = found
        return given

    def _express_layer(
        self, slot: _Slot, layers: list[Layer], given: Mapping[str, tree.Expression]
    ) -> tree.Expression | None:
        """Return the expression of an attribute; None for a number that is the same everywhere."""
        if slot.field in FILTERS and slot.values == slot.channels and is_depthwise(layers, slot.channels):
            return make_name("C")
        if slot.is_constant:
            return self._name_constant(slot, type(layers[0]).model_fields[slot.field].default)
        if isinstance(slot.values[0], Interval):
            return self._express_range(slot)
        if slot.field == "shape" and (found := self._express_size(slot)):
            return found
        if slot.field == "padding" and (found := _express_padding(layers, given)):
            return found
        return self._express(slot, lambda: name_parameter(slot.key, layers, self._arms, self._taken))

    def _name_constant(self, slot: _Slot, default: object) -> tree.Expression | None:
        """Return the parameter that a number in an arm of a part of the calls has; None for a number that all have."""
        is_general = len({*slot.owners}) == self._owners or slot.field not in (*CHANNELS, "stride")
        if is_general or slot.values[0] == default:
            return None
        own = self._list_known(slot)
        multiples = (found for factor in FACTORS for each in own for found in _scale(*each, factor, slot.values))
        known = (name for name, values in own if values == slot.values)
        return next(chain(known, multiples if slot.field in CHANNELS else ()), None)

    def _express_range(self, slot: _Slot) -> tree.Expression:
        """Return a range of channels by its ends, either of which may be a number."""
        ends = ([value.low for value in slot.values], [value.high for value in slot.values])
        low, high = (
            replace(slot, field="groups", key="from" if n == 0 else "to", values=end) for n, end in enumerate(ends)
        )
        return tree.Range(NOWHERE, self._express_end(low, "start"), self._express_end(high, "end"))

    def _express_end(self, slot: _Slot, name: str) -> tree.Expression:
        if slot.is_constant:
            return to_expression(slot.values[0])
        return self._express(slot, lambda: _make_free(name, self._taken))

    def _merge_joins(self, owners: list[int], items: list[Any]) -> Join:
        """Return a join of arms; one that is the identity at some places is merged last, by what is known of others."""
        first: Join = items[0]
        columns = [[item.arms[place] for item in items] for place in range(len(first.arms))]
        optional = next((place for place, column in enumerate(columns) if not all(column) and any(column)), None)
        arms: dict[int, Sequence] = {}
        for place in sorted(range(len(columns)), key=lambda place: place == optional):
            filled = [_Place(owner, arm) for owner, arm in zip(owners, columns[place], strict=True) if arm]
            self._arms.append(filled[0].items if filled and len(first.arms) >= LEAST_ARMS else [])
            arms[place] = self.merge(filled) if filled else []
            self._arms.pop()
        in_order = [arms[place] for place in range(len(columns))]
        return replace(first, arms=in_order, optional=optional, given=self._merge_layers(owners, items))

    def _merge_calls(self, owners: list[int], items: list[Any]) -> dict[str, tree.Expression]:
        given = dict[str, tree.Expression]()
        channels = [self._channels(get_source(item.body)) for item in items]
        parameters = self._blocks[items[0].block].parameters
        is_among_many = len(parameters) > MOST_MERGED
        for each in parameters:
            slot = _Slot("K" if each.is_channels else each.name, each.key, owners, [], channels, is_among_many)
            slot.values = [item.arguments[each.name] for item in items]
            name = each.name
            if not slot.is_constant:
                given[name] = self._express(slot, lambda name=name: _make_free(name, self._taken))  # type: ignore[misc]
        return given

    def _merge_repeats(self, owners: list[int], items: list[Any]) -> Repeat:
        counts = _Slot("count", "n", owners, [len(item.turns) for item in items], [0] * len(items))
        turns = [_Place(owner, turn) for owner, item in zip(owners, items, strict=True) for turn in item.turns]
        body = self.merge(turns)
        if counts.is_constant:
            return Repeat([body] * len(items[0].turns))
        return Repeat([body], self._express(counts, lambda: _make_free("n", self._taken)))

    @property
    def _taken(self) -> set[str]:
        return {each.name for each in self.parameters}

    def _express_size(self, slot: _Slot) -> tree.Expression | None:
        """Return a size of which only the channels differ, `1x1x(C)`; None if they are not known by others."""
        heads, last = {value[:-1] for value in slot.values}, [value[-1] for value in slot.values]
        found = next(self._relate(replace(slot, field="groups", key="", values=last)), None)
        if len(heads) > 1 or found is None:
            return None
        return tree.Size(NOWHERE, (*map(to_expression, *heads), found))

    def _express(self, slot: _Slot, make: Callable[[], str]) -> tree.Expression:
        """Return the expression of an attribute that differs, by what is known or a new parameter."""
        found = next(self._relate(slot), None)
        if found is not None:
            return found
        values: dict[int, Any] = {}
        for owner, value in zip(slot.owners, slot.values, strict=True):
            if values.setdefault(owner, value) != value:
                raise Mismatch("the turns of a repetition differ")
        common = Counter(map(_hashable, slot.values)).most_common(1)[0][0]
        filled = tuple(values.get(owner, common) for owner in range(self._owners))
        parameter = Parameter(make(), slot.key, filled, slot.field in CHANNELS)
        self.parameters.append(parameter)
        return make_name(parameter.name)

    def _is_coincidence(self, slot: _Slot) -> bool:
        """Whether numbers of filters in one of many arms that are those of another one may be so by chance."""
        is_among_many = any(self._arms) or slot.is_among_many
        return is_among_many and slot.field in CHANNELS and len({*slot.values}) < LEAST_VALUES

    def _list_known(self, slot: _Slot) -> list[tuple[tree.Expression, list[Any]]]:
        """Return the parameters that an attribute may be written by, with their values at its places."""
        return [
            (make_name(each.name), [each.values[owner] for owner in slot.owners])
            for each in self.parameters
            if each.key == slot.key or (each.is_channels and slot.field in CHANNELS)
        ]

    def _relate(self, slot: _Slot) -> Iterator[tree.Expression]:
        """Yield the ways in which an attribute is written by what is known, the best first."""
        known = [] if self._is_coincidence(slot) else self._list_known(slot)
        yield from (name for name, values in known if values == slot.values)
        if slot.field not in CHANNELS:
            return
        entering = [self._entering[owner] for owner in slot.owners]
        sizes: list[tuple[tree.Expression, list[int]]] = [(make_name("C"), slot.channels)]
        sizes.append((tree.Tap(NOWHERE, "in.C"), entering))
        yield from (name for name, values in sizes if values == slot.values)
        for factor in FACTORS:
            for name, values in (*known, *sizes):
                yield from _scale(name, values, factor, slot.values)
        for parts in FACTORS:
            for part in range(2, parts):
                if [value * part for value in slot.channels] == [value * parts for value in slot.values]:
                    some = tree.Binary(NOWHERE, "*", to_expression(part), make_name("C"))
                    yield tree.Binary(NOWHERE, "//", some, to_expression(parts))


def _scale(name: tree.Expression, values: list[int], factor: int, wanted: list[Any]) -> Iterator[tree.Expression]:
    number = to_expression(factor)
    if [value * factor for value in values] == wanted:
        yield tree.Binary(NOWHERE, "*", number, name)
    if values == [value * factor for value in wanted]:
        yield tree.Binary(NOWHERE, "//", name, number)


@dataclass
class _Slot:
    """An attribute in all places: its field and key, its values, and the channels of the layers' inputs."""

    field: str
    key: str
    owners: list[int]
    values: list[Any]
    channels: list[int]
    is_among_many: bool = False
    """Whether it is one of many arguments, which may be equal by chance."""

    @property
    def is_constant(self) -> bool:
        return all(value == self.values[0] for value in self.values)


def is_depthwise(layers: list[Layer], channels: list[int]) -> bool:
    """Whether each layer has one filter or more for each channel of its input, and no other."""
    groups = [get_groups(layer) for layer in layers]
    return groups == channels and max(groups) > 1


def _express_padding(layers: list[Any], given: Mapping[str, tree.Expression]) -> tree.Expression | None:
    """Return a padding by the window or the dilation that it makes up for: `F//2`, `D`."""
    paddings = [layer.padding for layer in layers]
    for name, divisor in (("kernel_size", 2), ("dilation", 1)):
        sizes = [getattr(layer, name, None) for layer in layers]
        squares = [size[0] // divisor for size in sizes if isinstance(size, tuple) and size[0] == size[1]]
        if name in given and [((size, size), (size, size)) for size in squares] == paddings:
            letter = given[name]
            return letter if divisor == 1 else tree.Binary(NOWHERE, "//", letter, to_expression(divisor))
    return None


def _make_free(name: str, taken: set[str]) -> str:
    number = 1
    new = name
    while new in taken:
        number += 1
        new = f"{name}{number}"
    return new


def _hashable(value: Any) -> Hashable:
    return value if isinstance(value, Hashable) else repr(value)


def count_differences(bodies: list[Sequence]) -> int:
    """Return how many parameters a block of these would have, at most: attributes that differ, equal ones as one."""
    columns = set[tuple[Hashable, ...]]()
    _collect_differences(bodies, columns)
    return len(columns)


def _collect_differences(bodies: list[Sequence], columns: set[tuple[Hashable, ...]]) -> None:
    columns_of_parts: Iterator[tuple[Any, ...]] = zip(*filter(None, bodies), strict=False)
    for parts in columns_of_parts:
        first = parts[0]
        if isinstance(first, Leaf | Join):
            columns.update(_list_differences([part.node.layer for part in parts]))
        if isinstance(first, Join):
            for arms in zip(*(part.arms for part in parts), strict=False):
                _collect_differences([*arms], columns)
        if isinstance(first, Repeat):
            _collect_differences([part.turns[0] for part in parts], columns)
        if isinstance(first, Call):
            _collect_differences([part.body for part in parts], columns)


def _list_differences(layers: list[Any]) -> Iterator[tuple[Hashable, ...]]:
    """Yield the values of attributes that differ; numbers of channels in a fixed ratio are one, and so is padding."""
    if all(layer is layers[0] for layer in layers):
        return
    for name in type(layers[0]).model_fields:
        values = [getattr(layer, name) for layer in layers]
        if name in ("padding", "groups") or all(value == values[0] for value in values):
            continue
        ratios = tuple(v / values[0] for v in values) if all(isinstance(v, int) and v for v in values) else None
        yield ratios or tuple(map(_hashable, values))
