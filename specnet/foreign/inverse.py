"""Read the tables of other tools' layers backwards: which call of a tool means a layer of a spec.

>>> describe = describe_layer(Conv(K=64, F=3, P=1), ((224, 224, 3),))
>>> find_call([describe], {"Convolution": …})
Call("Convolution", {"num_output": 64, "kernel_size": (3, 3), "pad": ((1, 1), (1, 1))})

A row fits where each attribute of the layer is said by a parameter of the row, stands in the text behind its arrow, or
has the value that a spec means by leaving it out. See meaning.py for how rows are read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specnet.attributes import Attributes
from specnet.foreign.meaning import REQUIRED, Parameter, Signature, Table
from specnet.foreign.values import Value
from specnet.graph import TRAINING_ATTRIBUTES
from specnet.layers.base import Layer, Shape, Shapes, is_map
from specnet.layers.base.window import WindowAxis, Windowed
from specnet.printer.values import format_value
from specnet.records import Record

DECIMALS = 12
"""Of a difference such as 1 - momentum, which is 0.9 and not 0.9000000000000001."""


COUNTS_PADDING, ROUNDING = "count_include_pad", "rounding"
"""Fields of windows whose value does not always matter."""


class Described(Record):
    """A layer by its kind, with the value in force of each attribute that its output depends on.

    The padding of a window is ((top, bottom), (left, right)), also that of `same`; of the fields that are `free`, all
    values come to the same, as those of rounding where windows leave no remainder. `shape` is that of the first input.
    """

    kind: str
    values: Mapping[str, Any]
    cls: type[Attributes]
    shape: Shape
    free: frozenset[str] = frozenset()
    axes: tuple[WindowAxis, ...] = ()
    """How its window slides; empty for other layers."""

    @property
    def is_wide(self) -> bool:
        """Whether it reads a map of more than a single pixel."""
        return is_map(self.shape) and self.shape[:2] != (1, 1)


class Call(Record):
    """A call of another tool: its name, and the arguments that are not the tool's defaults."""

    name: str
    arguments: Mapping[str, Value]


class Refused(Record):
    """A node that cannot be written, and the attribute that has no word, or another reason; "" where it is its kind."""

    node: str
    reason: str


class Unsaid(Exception):
    """A row has no word for an attribute of a layer; the message is how a spec writes it."""


def describe_layer(kind: str, layer: Layer, inputs: Shapes) -> Described:
    """Return a layer with the values that it has for given inputs."""
    names = type(layer).model_fields.keys() - TRAINING_ATTRIBUTES
    values = {name: layer.value_in_force(name) for name in names}
    if not isinstance(layer, Windowed) or not layer.slides:
        return Described(kind, values, type(layer), inputs[0])
    axes = layer.axes(inputs)
    sides = tuple((axis.before, axis.after) for axis in axes)
    if values.get("padding") == "same" and COUNTS_PADDING in values:
        values[COUNTS_PADDING] = False
    free = set() if any(map(any, sides)) else {COUNTS_PADDING}
    free |= set() if any(axis.remainder for axis in axes) else {ROUNDING}
    return Described(kind, {**values, "padding": sides}, type(layer), inputs[0], frozenset(free), axes)


def find_call(layers: Sequence[Described], table: Table, activation: str = "") -> Call:
    """Return the call that means a chain of layers, and then an activation by its name; raises Unsaid.

    A row with a difference, `but …`, or that means another layer on such a map, is passed over.
    """
    kinds = [each.kind for each in layers]
    nearest: list[str] = []
    for name, rows in table.items():
        for row in rows:
            if [words.split()[0] for words in _split_chain(row)] != kinds or _means_other(row, layers):
                continue
            inverse = _Inverse(row, layers, activation)
            call = Call(name, inverse.list_arguments())
            if not (unsaid := inverse.list_unsaid()):
                return call
            nearest = min(nearest or unsaid, unsaid, key=len)
    raise Unsaid(" ".join(nearest))


def _means_other(row: Signature, layers: Sequence[Described]) -> bool:
    kind, _ = row.on_map
    first = layers[0]
    return bool(row.difference) or (first.is_wide if kind == "wide map" else bool(kind) and is_map(first.shape))


def _split_chain(row: Signature) -> list[str]:
    return row.layers.split(" -> ") if row.layers else []


class _Inverse:
    """One row, read backwards for given layers."""

    def __init__(self, row: Signature, layers: Sequence[Described], activation: str) -> None:
        self.row, self.layers, self.activation = row, layers, activation
        self.fixed = [
            read_words(words.split()[1:], each.cls) for words, each in zip(_split_chain(row), layers, strict=True)
        ]
        self.said: list[set[str]] = [set(fixed) for fixed in self.fixed]

    def list_arguments(self) -> dict[str, Value]:
        """Return the arguments that differ from the tool's defaults."""
        given = dict[str, Value]()
        for parameter in self.row.by_name.values():
            value = self._find_value(parameter)
            if value is not None and (parameter.default is REQUIRED or not _is_same(value, parameter.default)):
                given[parameter.name] = value
        return given

    def list_unsaid(self) -> list[str]:
        """Return the attributes that the row has no word for, as a spec writes them."""
        return [
            _format_attribute(layer.cls, field, layer.values[field])
            for place, layer in enumerate(self.layers)
            for field in _find_unsaid(layer, self.fixed[place], self.said[place])
        ]

    def _find_value(self, parameter: Parameter) -> Value:
        """Return the value of a parameter; None leaves it out."""
        meaning = parameter.meaning
        match meaning:
            case ast.Name("activation"):
                return self.activation or None
            case ast.Name(key):
                return self._get(key, -1)
            case ast.Attribute(attr=key):
                return self._get(key, 0)
            case ast.BinOp(ast.Constant(whole), ast.Sub(), ast.Name(key)):
                value = self._get(key, -1)
                return None if value is None else round(float(str(whole)) - value, DECIMALS)
            case ast.UnaryOp(ast.Not(), ast.Name(key)):
                return not self._get(key, -1)
            case ast.Call():
                return None
        constants = list(_list_constants(meaning))
        return None if any(_is_same(each, parameter.default) for each in constants) else constants[0]

    def _get(self, key: str, preferred: int) -> Value:
        """Return an attribute, or whether a bare word stands, of the last or first layer that has it."""
        owners = [place for place, each in enumerate(self.layers) if each.cls.field_of(key) or key in each.cls.words]
        if not owners:
            return None
        place = owners[preferred]
        layer = self.layers[place]
        if key in layer.cls.words:
            field, value = layer.cls.words[key]
            self.said[place] |= (
                {field} if self._get_of(layer, field) in (value, _get_default(layer.cls, field)) else set()
            )
            return bool(self._get_of(layer, field) == value)
        field = layer.cls.field_of(key) or key
        self.said[place].add(field)
        return self._get_of(layer, field)

    @staticmethod
    def _get_of(layer: Described, field: str) -> Value:
        return layer.values.get(field)


def _find_unsaid(layer: Described, fixed: Mapping[str, Any], said: set[str]) -> Iterator[str]:
    """Yield the fields whose values neither a parameter, nor the text of a row, nor a default says."""
    for field, value in layer.values.items():
        if field in layer.free or (field == ROUNDING and _rounds_alike(fixed.get(field, ""), value)):
            continue
        if value != fixed.get(field, _get_default(layer.cls, field)) and (field in fixed or field not in said):
            yield field


def _rounds_alike(row: str, own: str) -> bool:
    """Whether two ways of rounding come to the same: all but `ceil` round down."""
    return (row == "ceil") == (own == "ceil")


def read_words(words: Iterable[str], cls: type[Attributes]) -> dict[str, Any]:
    """Return the attributes that words such as `max`, `slope=0.1` or `64` set, by their fields."""
    found, positional = dict[str, Any](), list(cls.positional)
    for word in words:
        key, sign, text = word.partition("=")
        if sign and (field := cls.field_of(key)):
            found[field] = _read_value(text)
        elif word in cls.words:
            field, value = cls.words[word]
            found[field] = value
        elif positional:
            found[positional.pop(0)] = _read_value(word)
    return found


def _read_value(text: str) -> Value:
    if text in ("yes", "no"):
        return text == "yes"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _get_default(cls: type[Attributes], field: str) -> Any:
    return cls.model_fields[field].get_default()


def _list_constants(meaning: ast.expr) -> Iterator[Value]:
    """Yield the values of `"MAX" | 0`."""
    if isinstance(meaning, ast.BinOp) and isinstance(meaning.op, ast.BitOr):
        yield from _list_constants(meaning.left)
        yield from _list_constants(meaning.right)
    elif not isinstance(meaning, ast.Name):
        yield ast.literal_eval(meaning)


def _is_same(one: Value, other: Value) -> bool:
    """Whether values are equal, where a number stands for the same along both axes."""
    if isinstance(one, tuple) and not isinstance(other, tuple):
        return all(_is_same(each, other) for each in one)
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _format_attribute(cls: type[Attributes], field: str, value: Any) -> str:
    """Return an attribute as a spec writes it: `exclude_padding`, `groups=2`."""
    if value is None:
        return f"{cls.key_of(field)} left open"
    word = next((word for word, (name, wanted) in cls.words.items() if name == field and wanted == value), "")
    return word or f"{cls.key_of(field)}={format_value(value)}"
