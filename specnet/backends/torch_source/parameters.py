"""What differs between the calls of a class: its constructor's parameters, `filters`, and `4 * filters` from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
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
        same_word = ABSENT in vector and self._is(slot, vector, self.names.get(slot.argument, ()))
        if not same_word and all(_same(value, present[0]) for value in present):
            return literal(present[0])
        names, text = next(self._ways(slot, vector), ((), ""))
        if not names:
            names = (text := self._new(slot, vector),)
        self.used.update(names)
        return text

    def _is(self, slot: Slot, vector: Vector, named: Vector) -> bool:
        """Whether what has a name is the slot's value at every call; 0 and 1 may say whether a detour is taken."""
        if not slot.part:
            vector = tuple(
                int(taken) if type(known) is int else taken for taken, known in zip(vector, named, strict=False)
            )
        pairs = zip(vector, named, strict=False)
        return len(vector) == len(named) and all(value is ABSENT or _same(value, known) for value, known in pairs)

    def _ways(self, slot: Slot, vector: Vector) -> Iterator[tuple[tuple[str, ...], str]]:
        """The names, multiples, quotients and products that have the slot's value at every call, simplest first."""
        named = self.names if slot.part else self.known
        yield from (((name,), name) for name, values in named.items() if self._is(slot, vector, values))
        calls = [call for call, value in enumerate(vector) if value is not ABSENT]
        wanted = [vector[call] for call in calls]
        given = {name: [values[call] for call in calls] for name, values in self.names.items()}
        whole = {name: values for name, values in given.items() if all(type(value) is int for value in values)}
        if all(type(value) is int for value in wanted):
            for name, values in whole.items():
                yield from (((name,), text) for text in _derived(name, values, wanted, slot.argument == REPEATS))
            for one, other in combinations(whole, 2):
                if wanted == [a * b for a, b in zip(whole[one], whole[other], strict=True)]:
                    yield (one, other), f"{one} * {other}"

    def _new(self, slot: Slot, vector: Vector) -> str:
        """A new parameter, called as the argument is."""
        if ABSENT in vector:
            raise NotExpressible
        simple = spelled(slot.argument) if slot.argument.isidentifier() else "value"
        of_part = f"{slot.part.replace('.', '_')}_{simple}" if slot.part else simple
        name = numbered(of_part if simple in self.names else simple, self.names)
        self.names[name] = vector
        return name


def _derived(name: str, values: Sequence[int], wanted: Sequence[int], is_count: bool) -> Iterator[str]:
    """`4 * filters`, `in_channels // 16`, and for how often a part is repeated, `n - 1`."""
    value, want = values[0], wanted[0]
    factor, quotient, more = (want // value, value // want, want - value) if value and want else (0, 0, 0)
    if factor > 1 and wanted == [factor * value for value in values]:
        yield f"{factor} * {name}"
    if quotient > 1 and values == [quotient * want for want in wanted]:
        yield f"{name} // {quotient}"
    if is_count and wanted == [value + more for value in values]:
        yield f"{name} {'+' if more > 0 else '-'} {abs(more)}"


def _same(one: object, other: object) -> bool:
    """Equality that tells 1, 1.0 and True apart."""
    return type(one) is type(other) and one == other
