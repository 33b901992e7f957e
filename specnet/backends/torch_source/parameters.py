"""What differs between the calls of a class becomes parameters of its constructor, as few as may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from specnet.backends.torch_source.expressions import ABSENT, Expression, Vector, expressions, is_equal, is_same
from specnet.backends.torch_source.layout import Text, literal
from specnet.backends.torch_source.naming import USED
from specnet.naming import free_name, numbered_name

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

ACTIVATION = "activation"
"""The argument that says which function is applied."""

REPEATS, GROWTH = "repeats", " growth"
"""Arguments of a series: how often a class is called; with another's name before it, by what that grows."""


@dataclass(frozen=True)
class Slot:
    """A number's place in a class: the part, which of its calls, the argument; that of a detour has no part."""

    part: str
    call: int
    argument: str


@dataclass(frozen=True)
class Parameters:
    """A constructor's parameters with their values at each call, their defaults, and what is written in each slot."""

    values: Mapping[str, Vector]
    defaults: Mapping[str, Any]
    texts: Mapping[Slot, Text]
    names: Mapping[Slot, tuple[str, ...]]
    """The parameters that a slot's text reads."""


class NotExpressible(Exception):
    """A number that only some calls have, and that no parameter gives."""


def spelled(name: str) -> str:
    """A parameter of a block as a parameter in Python."""
    plain = LETTERS.get(name, name.lower().lstrip("_"))
    return free_name(plain if plain.isidentifier() else f"value{plain}", USED)


def parameters(slots: Mapping[Slot, Vector], known: Mapping[str, Vector]) -> Parameters:
    """Writes every slot by literals and parameters; `known` are values that have a name. Raises NotExpressible."""
    needed = _written(slots, known).used
    found = _written(slots, {name: vector for name, vector in known.items() if name in needed})
    order = sorted(found.names, key=lambda name: name not in ARRIVING)
    defaults = {name: value for name in order if (value := _default(name, found.names[name])) is not None}
    order.sort(key=lambda name: name in defaults)
    return Parameters({name: found.names[name] for name in order}, defaults, found.texts, found.reads)


def _default(name: str, vector: Vector) -> Any:
    """What half of the calls say, where it is such a thing as no stride or no projection."""
    plain = () if name in ARRIVING else (False, True, 0, 1)
    return next((value for value in plain if 2 * sum(is_same(v, value) for v in vector) >= len(vector)), None)


@dataclass
class _Written:
    """The names that have a value at each call, those that were needed, and what was written."""

    known: Mapping[str, Vector]
    names: dict[str, Vector]
    used: set[str] = field(default_factory=set)
    texts: dict[Slot, Text] = field(default_factory=dict)
    reads: dict[Slot, tuple[str, ...]] = field(default_factory=dict)

    def write(self, slot: Slot, vector: Vector) -> None:
        present = [value for value in vector if value is not ABSENT]
        same_word = ABSENT in vector and is_equal(vector, self.names.get(slot.argument, ()))
        if all(is_same(value, present[0]) for value in present) and not same_word:
            self.texts[slot], self.reads[slot] = literal(present[0]), ()
        else:
            self.texts[slot], self.reads[slot] = self._expression(slot, vector)
            self.used.update(self.reads[slot])

    def _expression(self, slot: Slot, vector: Vector) -> Expression:
        if not slot.part:
            return next(self._flags(vector), None) or self._new(slot, vector)
        return next(expressions(vector, self.names, slot.argument == REPEATS), None) or self._new(slot, vector)

    def _flags(self, taken: Vector) -> Iterator[Expression]:
        """A block's own parameter that says whether a detour is taken, by yes and no or 1 and 0."""
        for name, vector in self.known.items():
            if vector == taken and all(type(value) in (bool, int) for value in vector):
                yield name, (name,)

    def _new(self, slot: Slot, vector: Vector) -> Expression:
        """A new parameter, called as the argument is."""
        if ABSENT in vector:
            raise NotExpressible
        simple = spelled(slot.argument) if slot.argument.isidentifier() else "value"
        of_part = spelled(f"{slot.part.replace('.', '_')}_{simple}") if slot.part else simple
        name = numbered_name(of_part if simple in self.names else simple, self.names)
        self.names[name] = vector
        return name, (name,)


def _written(slots: Mapping[Slot, Vector], known: Mapping[str, Vector]) -> _Written:
    written = _Written(known, dict(known))
    for slot, vector in slots.items():
        written.write(slot, vector)
    return written
