"""Infer the parameters of a class's constructor: few names that determine all values that differ between instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from specnet.backends.torch_source.pretty_printer import PythonText, format_literal
from specnet.naming import FORWARD_NAMES, make_numbered_name, make_unused_name

USED_NAMES = FORWARD_NAMES | {"i", "_"}
"""Names that the generated source uses itself within its functions."""

ATTRIBUTE_NAMES = {
    "K": "filters",
    "F": "kernel_size",
    "S": "stride",
    "P": "padding",
    "D": "dilation",
    "G": "groups",
}
"""The Python names of a layer's one-letter attributes."""

INPUT_SIZES = ("in_channels", "in_features")
"""Parameters for the size of the input; they come first and have no default."""

ACTIVATION = "activation"
"""The argument for the function that is called."""

REPEATS, INCREMENT = " repeats", " increment"
"""Arguments of a stack: the number of instances; after another argument's name, its increment per instance.

The blank keeps them apart from the arguments of a block, which may have these names.
"""


class _Absent:
    """The value of a child that an instance leaves out."""


ABSENT = _Absent()

Vector = tuple[Any, ...]
"""A value in each instance of a class; ABSENT where an instance leaves the child out."""

ParameterExpression = tuple[str, tuple[str, ...]]
"""The text of an expression, and the names in it."""


@dataclass(frozen=True)
class Slot:
    """The place of a value in a class: the child, which of its calls, the argument; a branch's flag has no child."""

    child: str
    call: int
    argument: str

    @property
    def word(self) -> str:
        """The word after which a parameter for the value is named."""
        return self.argument.strip()


@dataclass(frozen=True)
class ConstructorParameters:
    """A constructor's parameters with their value in each instance, their defaults, and the text of each slot."""

    values: Mapping[str, Vector]
    defaults: Mapping[str, Any]
    texts: Mapping[Slot, PythonText]
    reads: Mapping[Slot, tuple[str, ...]]
    """The parameters in a slot's text."""


class InexpressibleValue(Exception):
    """A value that only some instances have, and that follows from no parameter."""


def to_python_name(name: str) -> str:
    """Return the Python name of a block's parameter or of an attribute."""
    plain = ATTRIBUTE_NAMES.get(name, name.lower().lstrip("_"))
    return make_unused_name(plain if plain.isidentifier() else f"value{plain}", USED_NAMES)


def infer_parameters(slots: Mapping[Slot, Vector], known: Mapping[str, Vector]) -> ConstructorParameters:
    """Express every slot by literals, `known` names and as few new ones as possible. Raises InexpressibleValue."""
    needed = _express(slots, known).used
    found = _express(slots, {name: vector for name, vector in known.items() if name in needed})
    order = sorted(found.names, key=lambda name: name not in INPUT_SIZES)
    defaults = {name: value for name in order if (value := _find_default(name, found.names[name])) is not None}
    order.sort(key=lambda name: name in defaults)
    return ConstructorParameters({name: found.names[name] for name in order}, defaults, found.texts, found.reads)


def _find_default(name: str, vector: Vector) -> Any:
    """Return the value of at least half of the instances if it means "none": no stride, no padding, no projection."""
    neutral = () if name in INPUT_SIZES else (False, True, 0, 1)
    return next((value for value in neutral if 2 * sum(_is_same(v, value) for v in vector) >= len(vector)), None)


def _express(slots: Mapping[Slot, Vector], known: Mapping[str, Vector]) -> _Expressions:
    expressions = _Expressions(known, dict(known))
    for slot, vector in slots.items():
        expressions.add(slot, vector)
    return expressions


@dataclass
class _Expressions:
    """The known names, all names, those that were used, and the text of each slot with the names it reads."""

    known: Mapping[str, Vector]
    names: dict[str, Vector]
    used: set[str] = field(default_factory=set)
    texts: dict[Slot, PythonText] = field(default_factory=dict)
    reads: dict[Slot, tuple[str, ...]] = field(default_factory=dict)

    def add(self, slot: Slot, vector: Vector) -> None:
        present = [value for value in vector if value is not ABSENT]
        has_namesake = ABSENT in vector and _is_equal(vector, self.names.get(slot.word, ()))
        if all(_is_same(value, present[0]) for value in present) and not has_namesake:
            self.texts[slot], self.reads[slot] = format_literal(present[0]), ()
        else:
            self.texts[slot], self.reads[slot] = self._expression(slot, vector)
            self.used.update(self.reads[slot])

    def _expression(self, slot: Slot, vector: Vector) -> ParameterExpression:
        if not slot.child:
            return next(self._find_flags(vector), None) or self._new_parameter(slot, vector)
        found = _find_expressions(vector, self.names, slot.argument == REPEATS)
        return next(found, None) or self._new_parameter(slot, vector)

    def _find_flags(self, taken: Vector) -> Iterator[ParameterExpression]:
        """Yield a block's own parameters, booleans or 1 and 0, that are true where the branch is taken."""
        for name, vector in self.known.items():
            if vector == taken and all(type(value) in (bool, int) for value in vector):
                yield name, (name,)

    def _new_parameter(self, slot: Slot, vector: Vector) -> ParameterExpression:
        """Add a parameter named after the argument."""
        if ABSENT in vector:
            raise InexpressibleValue
        simple = to_python_name(slot.word) if slot.word.isidentifier() else "value"
        of_child = to_python_name(f"{slot.child.replace('.', '_')}_{simple}") if slot.child else simple
        name = make_numbered_name(of_child if simple in self.names else simple, self.names)
        self.names[name] = vector
        return name, (name,)


def _is_same(one: object, other: object) -> bool:
    """Return whether two values are equal and of one type, unlike 1, 1.0 and True."""
    return type(one) is type(other) and one == other


def _is_equal(vector: Vector, named: Vector) -> bool:
    """Return whether two vectors agree wherever the first has a value."""
    return len(vector) == len(named) and all(
        value is ABSENT or _is_same(value, other) for value, other in zip(vector, named, strict=True)
    )


def _find_expressions(vector: Vector, names: Mapping[str, Vector], is_count: bool) -> Iterator[ParameterExpression]:
    """Yield the names, multiples, quotients and products that equal the vector, simplest first: `4 * filters`."""
    yield from ((name, (name,)) for name, values in names.items() if _is_equal(vector, values))
    instances = [instance for instance, value in enumerate(vector) if value is not ABSENT]
    wanted = [vector[instance] for instance in instances]
    given = {name: [values[instance] for instance in instances] for name, values in names.items()}
    if not _are_positive(wanted):
        return
    positive = {name: values for name, values in given.items() if _are_positive(values)}
    for name, values in positive.items():
        yield from ((text, (name,)) for text in _find_multiples(name, values, wanted, is_count))
    for one, other in combinations(positive, 2):
        if wanted == [a * b for a, b in zip(positive[one], positive[other], strict=True)]:
            yield f"{one} * {other}", (one, other)


def _are_positive(values: Sequence[object]) -> bool:
    return all(type(value) is int and value > 0 for value in values)


def _find_multiples(name: str, values: Sequence[int], wanted: Sequence[int], is_count: bool) -> Iterator[str]:
    """Yield multiples and quotients of one name; for a number of repetitions, also `n - 1`."""
    factor, quotient, more = wanted[0] // values[0], values[0] // wanted[0], wanted[0] - values[0]
    if factor > 1 and wanted == [factor * value for value in values]:
        yield f"{factor} * {name}"
    for divisor in (quotient, 2):
        if divisor > 1 and wanted == [value // divisor for value in values]:
            yield f"{name} // {divisor}"
    if is_count and wanted == [value + more for value in values]:
        yield f"{name} {'+' if more > 0 else '-'} {abs(more)}"
