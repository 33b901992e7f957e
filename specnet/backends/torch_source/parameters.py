"""What differs between the calls of a class: its constructor's parameters, `filters`, and `4 * filters` from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from specnet.backends.torch_source.layout import Text, literal
from specnet.backends.torch_source.naming import USED, numbered, safe

Vector = tuple[Any, ...]
"""A value at each call of a class; ABSENT where a call leaves the part out."""


class _Absent:
    def __repr__(self) -> str:
        return "…"


ABSENT = _Absent()

LETTERS = {
    "K": "filters",
    "F": "kernel_size",
    "S": "stride",
    "P": "padding",
    "D": "dilation",
    "G": "groups",
}
"""How the letters of the surface are spelled in Python."""

ARRIVING = ("in_channels", "in_features")
"""Parameters that say what arrives; they come first and have no default."""


@dataclass(frozen=True)
class Slot:
    """A number's place in a class: the part, which of its calls, the argument."""

    part: str
    call: int
    argument: str


REPEATS, GROWTH = "repeats", " growth"
"""Arguments of a series: how often a class is called; with another's name before it, by what that grows."""


@dataclass(frozen=True)
class Parameters:
    """A constructor's parameters with their values at each call, their defaults, and what is written in each slot."""

    values: Mapping[str, Vector]
    defaults: Mapping[str, Any]
    texts: Mapping[Slot, Text]


class NotExpressible(Exception):
    """A number that only some calls have, and that no parameter gives."""


def spelled(name: str) -> str:
    """A parameter of a block as a parameter in Python."""
    return safe(LETTERS.get(name, name.lower()), USED)


def parameters(slots: Mapping[Slot, Vector], known: Mapping[str, Vector]) -> Parameters:
    """Writes every slot by literals and parameters; `known` are values that have a name. Raises NotExpressible."""
    search = _Search(known)
    texts = {slot: search.text(slot, vector) for slot, vector in slots.items()}
    order = sorted(search.used, key=lambda name: (name not in ARRIVING, [*search.names].index(name)))
    defaults = {name: value for name in order if (value := _default(name, search.names[name])) is not None}
    order.sort(key=lambda name: name in defaults)
    return Parameters({name: search.names[name] for name in order}, defaults, texts)


def _default(name: str, vector: Vector) -> Any:
    """What half of the calls say, where it is such a thing as no stride or no projection."""
    plain = () if name in ARRIVING else (False, True, 0, 1)
    return next((value for value in plain if 2 * sum(_same(v, value) for v in vector) >= len(vector)), None)


@dataclass
class _Search:
    """The names that have a value at each call, and those of them that a slot has needed."""

    known: Mapping[str, Vector]
    names: dict[str, Vector] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names.update(self.known)

    def text(self, slot: Slot, vector: Vector) -> Text:
        present = [value for value in vector if value is not ABSENT]
        if all(_same(value, present[0]) for value in present):
            return literal(present[0])
        name, text = next(self._ways(slot, vector), ("", ""))
        if not name:
            name = text = self._new(slot, vector)
        self.used.add(name)
        return text

    def _ways(self, slot: Slot, vector: Vector) -> Iterator[tuple[str, str]]:
        """The names, multiples and quotients that have the slot's value at every call, simplest first."""
        for name, values in self.names.items():
            if all(value is ABSENT or _same(value, known) for value, known in zip(vector, values, strict=True)):
                yield name, name
        for name, values in self.names.items():
            pairs = [(v, known) for v, known in zip(vector, values, strict=True) if v is not ABSENT]
            if all(type(v) is int and type(known) is int and v and known for v, known in pairs):
                yield from _derived(name, pairs, slot.argument == REPEATS)

    def _new(self, slot: Slot, vector: Vector) -> str:
        """A new parameter, called as the argument is."""
        if ABSENT in vector:
            raise NotExpressible
        simple = spelled(slot.argument) if slot.argument.isidentifier() else "value"
        of_part = f"{slot.part.replace('.', '_')}_{simple}" if slot.part else simple
        name = numbered(of_part if simple in self.names else simple, self.names)
        self.names[name] = vector
        return name


def _derived(name: str, pairs: list[tuple[int, int]], is_count: bool) -> Iterator[tuple[str, str]]:
    first, known = pairs[0]
    factor, quotient, more = first // known, known // first, first - known
    if factor > 1 and all(value == factor * source for value, source in pairs):
        yield name, f"{factor} * {name}"
    if quotient > 1 and all(value * quotient == source for value, source in pairs):
        yield name, f"{name} // {quotient}"
    if is_count and all(value == source + more for value, source in pairs):
        yield name, f"{name} {'+' if more > 0 else '-'} {abs(more)}"


def _same(one: object, other: object) -> bool:
    """Equality that tells 1, 1.0 and True apart."""
    return type(one) is type(other) and one == other
