"""Infer the parameters of a class's constructor: few names that determine all values that differ between instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from specnet.backends.source.formulas import ABSENT, NOWHERE, Vector, agrees, is_same, translate_formula
from specnet.backends.source.pretty_printer import PythonText, format_flat, format_literal
from specnet.elaborate.scope import ARRIVING
from specnet.naming import FORWARD_NAMES, make_numbered_name, make_unused_name
from specnet.syntax import tree

USED_NAMES = FORWARD_NAMES | {"i", "_", "max", "min", "keras", "layers", "ops", "name", "nnx", "jax", "jnp", "rngs"}
"""Names that the generated source uses itself within its functions, in one language or another."""

ATTRIBUTE_NAMES = {
    "K": "filters",
    "F": "kernel_size",
    "S": "stride",
    "P": "padding",
    "D": "dilation",
    "G": "groups",
}
"""The Python names of a layer's one-letter attributes."""

LOOP_VARIABLES = {"i": "index"}
"""The Python names of variables of a spec's loops that the source uses for its own."""

INPUT_SIZES = ("in_channels", "in_features")
"""Parameters for the size of the input; they come first and have no default."""

CHANNELS = frozenset({"in_channels", "in_features", "num_features", "num_channels", "normalized_shape", "channels"})
"""The arguments that are the number of channels of the arriving value, unless a map is flattened."""

RELATED: Mapping[str, frozenset[str]] = {
    "kernel_size": frozenset(),
    "stride": frozenset({"kernel_size"}),
    "padding": frozenset({"dilation"}),
    "dilation": frozenset({"padding"}),
}
"""The arguments of windows, and those that each of them may equal on purpose rather than by accident."""

SIZES = frozenset({"size", "output_size", "scale_factor", "upscale_factor", "downscale_factor"})
"""Arguments that, like those of windows, are no multiple of a number of channels."""

ACTIVATION = "activation"
"""The argument for the function that is called."""

REPEATS, INCREMENT = " repeats", " increment"
"""Arguments of a stack: the number of instances; after another argument's name, its increment per instance.

The blank keeps them apart from the arguments of a block, which may have these names.
"""


ParameterExpression = tuple[PythonText, tuple[str, ...]]
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
        return "factor" if self.argument == "other" else self.argument.strip()


ARRIVING_CHANNELS = Slot("", 0, INPUT_SIZES[0])
"""The slot of the channels of the map that reaches a class."""


@dataclass(frozen=True)
class ClassFormulas:
    """What the spec says of the values in a class.

    `written` are its expressions for the arguments of layers, and `arriving` are the slots that set the number of
    channels of the map that reaches a child, where one does.
    """

    written: Mapping[Slot, tree.Expression]
    arriving: Mapping[str, Slot]


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
    plain = (ATTRIBUTE_NAMES | LOOP_VARIABLES).get(name, name.lower().lstrip("_"))
    return make_unused_name(plain if plain.isidentifier() else f"value{plain}", USED_NAMES)


def infer_parameters(
    slots: Mapping[Slot, Vector], known: Mapping[str, Vector], formulas: ClassFormulas
) -> ConstructorParameters:
    """Express every slot by literals, `known` names and as few new ones as possible. Raises InexpressibleValue.

    The spec's own expressions come first.
    """
    constants = {name: vector[0] for name, vector in known.items() if _is_one_number(vector)}
    needed = _express(slots, known, constants, formulas).used
    found = _express(slots, {name: known[name] for name in known if name in needed}, constants, formulas)
    order = sorted(found.names, key=lambda name: name not in INPUT_SIZES)
    defaults = {name: value for name in order if (value := _find_default(name, found.names[name])) is not None}
    order.sort(key=lambda name: name in defaults)
    return ConstructorParameters({name: found.names[name] for name in order}, defaults, found.texts, found.reads)


def _find_default(name: str, vector: Vector) -> Any:
    """Return the value of at least half of the instances if it means "none": no stride, no padding, no projection."""
    neutral = () if name in INPUT_SIZES else (False, True, 0, 1)
    return next((value for value in neutral if 2 * sum(is_same(v, value) for v in vector) >= len(vector)), None)


def _is_one_number(vector: Vector) -> bool:
    """Return whether a value is the same number in all instances."""
    return type(vector[0]) in (int, float) and all(is_same(value, vector[0]) for value in vector)


def _express(
    slots: Mapping[Slot, Vector], known: Mapping[str, Vector], constants: Mapping[str, float], formulas: ClassFormulas
) -> _Expressions:
    expressions = _Expressions(known, constants, formulas, dict(known))
    expressions.write_arriving_channels()
    for slot, vector in slots.items():
        expressions.add(slot, vector)
    return expressions


@dataclass
class _Expressions:
    """The known names, all names, those that were used, and the text of each slot with the names it reads.

    `constants` are the known values that are one number in all instances, `written` the slots that follow from the
    spec's own expressions or are a single name.
    """

    known: Mapping[str, Vector]
    constants: Mapping[str, float]
    formulas: ClassFormulas
    names: dict[str, Vector]
    written: dict[Slot, tree.Expression] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    texts: dict[Slot, PythonText] = field(default_factory=dict)
    reads: dict[Slot, tuple[str, ...]] = field(default_factory=dict)

    def write_arriving_channels(self) -> None:
        """Let the channels that reach the class be the first parameter that always equals them."""
        channels = self.known.get(INPUT_SIZES[0])
        name = next((name for name, values in self.known.items() if values == channels), INPUT_SIZES[0])
        if found := self._find_parameter(name):
            self.written[ARRIVING_CHANNELS] = found

    def add(self, slot: Slot, vector: Vector) -> None:
        translated = self._translate(slot, vector)
        present = [value for value in vector if value is not ABSENT]
        has_namesake = ABSENT in vector and _is_equal(vector, self.names.get(slot.word, ()))
        if translated and translated[1]:
            self.texts[slot], self.reads[slot] = translated
        elif all(is_same(value, present[0]) for value in present) and not has_namesake:
            self.texts[slot], self.reads[slot] = format_literal(present[0]), ()
        else:
            self.texts[slot], self.reads[slot] = translated or self._expression(slot, vector)
        self.used.update(self.reads[slot])

    def _expression(self, slot: Slot, vector: Vector) -> ParameterExpression:
        if not slot.child:
            return next(self._find_flags(vector), None) or self._new_parameter(slot, vector)
        window = format_flat(self.texts.get(replace(slot, argument="kernel_size"), ""))
        text, reads = next(_find_expressions(slot, vector, self.names, window), None) or self._new_parameter(
            slot, vector
        )
        if reads == (text,):
            self.written[slot] = tree.Name(NOWHERE, reads[0])
        return text, reads

    def _translate(self, slot: Slot, vector: Vector) -> ParameterExpression | None:
        """Return the spec's own expression, or that of the channels that arrive; None unless it has these values."""
        origin = self.formulas.arriving.get(slot.child)
        channels = self.written.get(origin) if origin else None
        formula = channels if slot.argument in CHANNELS else self.formulas.written.get(slot)

        def find_value(name: str) -> tree.Expression | None:
            return channels if name == "C" and channels else self._find_value(name)

        found = translate_formula(formula, find_value, self.names, vector) if formula else None
        if found is None:
            return None
        self.written[slot] = found.expression
        return found.text, found.reads

    def _find_value(self, name: str) -> tree.Expression | None:
        """Return what stands for a name or a tap of the spec."""
        return self._find_parameter(INPUT_SIZES[0] if name == f"{ARRIVING}.C" else to_python_name(name))

    def _find_parameter(self, name: str) -> tree.Expression | None:
        """Return a known parameter, or its value if that is the same everywhere."""
        if name in self.constants:
            return tree.Number(NOWHERE, self.constants[name], "")
        return tree.Name(NOWHERE, name) if name in self.known else None

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


def _is_equal(vector: Vector, named: Vector) -> bool:
    """Return whether two vectors agree wherever the first has a value."""
    return len(vector) == len(named) and all(map(agrees, vector, named))


def _find_expressions(
    slot: Slot, vector: Vector, names: Mapping[str, Vector], window: str
) -> Iterator[ParameterExpression]:
    """Yield the names, multiples, quotients and products that equal the vector, simplest first: `4 * filters`.

    Only quantities of one sort are related: a padding is half of its `window` or its dilation, no part of the filters.
    """
    equal = (name for name, values in names.items() if _is_equal(vector, values))
    yield from ((name, (name,)) for name in equal if _may_equal(slot.argument, name))
    instances = [instance for instance, value in enumerate(vector) if value is not ABSENT]
    wanted = [vector[instance] for instance in instances]
    given = {name: [values[instance] for instance in instances] for name, values in names.items()}
    if not _are_positive(wanted):
        return
    positive = {name: values for name, values in given.items() if _are_positive(values)}
    if slot.argument == "padding" and wanted == [value // 2 for value in positive.pop(window, ())]:
        yield f"{window} // 2", (window,)
    if slot.argument in (*RELATED, *SIZES):
        return
    positive = {name: values for name, values in positive.items() if name not in RELATED}
    for name, values in positive.items():
        yield from ((text, (name,)) for text in _find_multiples(name, values, wanted, slot.argument == REPEATS))
    for one, other in combinations(positive, 2):
        if wanted == [a * b for a, b in zip(positive[one], positive[other], strict=True)]:
            yield f"{one} * {other}", (one, other)


def _may_equal(argument: str, name: str) -> bool:
    """Return whether an argument can be a parameter on purpose; what a block calls by a name of its own can be all."""
    is_own = name not in (*ATTRIBUTE_NAMES.values(), *INPUT_SIZES)
    return is_own or name == argument or (name in RELATED[argument] if argument in RELATED else name not in RELATED)


def _are_positive(values: Sequence[object]) -> bool:
    return all(type(value) is int and value > 0 for value in values)


def _find_multiples(name: str, values: Sequence[int], wanted: Sequence[int], is_count: bool) -> Iterator[str]:
    """Yield multiples of one name, and its half, quarter and so on; for a number of repetitions, also `n - 1`."""
    factor, quotient, more = wanted[0] // values[0], values[0] // wanted[0], wanted[0] - values[0]
    if factor > 1 and wanted == [factor * value for value in values]:
        yield f"{factor} * {name}"
    if quotient > 1 and quotient.bit_count() == 1 and values == [quotient * value for value in wanted]:
        yield f"{name} // {quotient}"
    if is_count and wanted == [value + more for value in values]:
        yield f"{name} {'+' if more > 0 else '-'} {abs(more)}"
