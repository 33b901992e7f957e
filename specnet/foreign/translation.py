"""Translate a call of another tool's layer by the rows of its name, argument by argument: see meaning.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined

from specnet.attributes import Attributes
from specnet.foreign.meaning import READS, REQUIRED, Parameter, Signature
from specnet.foreign.values import (
    CONVERSIONS,
    Expression,
    Value,
    format_foreign_value,
    format_python,
    subtract,
    to_spec_value,
)
from specnet.printer.values import format_value


@dataclass(frozen=True)
class Reads:
    """An argument's name and value, and the quantity of the layer's input that it must equal, one of READS.

    Or the layer's name, the layers that it means on a map, and which maps these are: `map` or `wide map`.
    """

    argument: str
    value: Value
    quantity: str


@dataclass(frozen=True)
class Translation:
    """Layers in SpecNet's words, and what they do not say of the original, in words; nothing is lost if that is empty.

    `reads` has, for each layer, what the original says of its input.
    """

    layers: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    reads: tuple[Reads | None, ...] = ()
    label: str = ""
    is_known: bool = True
    """Whether the layers admit the values of all arguments."""


def translate(rows: Sequence[Signature], arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Translation:
    """Translate a call of a layer by that of its rows with the fewest differences.

    Of several, it is one with a value that has no counterpart, so that none is passed off as another; then the most
    special one.
    """
    found = [(row, _Draft(row).translate(arguments, keywords)) for row in rows]
    return min(found, key=lambda pair: (len(pair[1].differences), pair[1].is_known, not pair[0].difference))[1]


def translate_argument(row: Signature, name: str, value: Value) -> tuple[str, tuple[str, ...]]:
    """Return what one argument of a call adds to its first layer, and what that does not say of it."""
    draft = _Draft(row)
    before = len(draft.layers[0])
    draft.add(row.by_name[name], value, is_given=True)
    return " ".join(draft.layers[0][before:]), tuple(draft.differences[len(row.difference) and 1 :])


class _Draft:
    """The translation of a call by one row, argument by argument."""

    def __init__(self, row: Signature) -> None:
        self.row = row
        self.layers = [layer.split() for layer in row.layers.split(" -> ")] if row.layers else []
        self.classes = [row.find_class(words[0]) for words in self.layers]
        self.following: list[str] = []
        self.differences: list[str] = [row.difference] if row.difference else []
        self.reads: Reads | None = None
        self.label = ""
        self.is_known = True
        self.values: list[dict[str, Value]] = [{} for _ in self.layers]

    def translate(self, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Translation:
        given = self._bind(arguments, keywords)
        defaults = {each.name: each.default for each in self.row.by_name.values() if each.default is not REQUIRED}
        given |= self.row.complete(defaults | given)
        for parameter in self.row.by_name.values():
            if parameter.name in given or parameter.default is not REQUIRED:
                self.add(parameter, given.get(parameter.name, parameter.default), parameter.name in given)
        self._compare_values()
        own = [_join_words(words, cls) for words, cls in zip(self.layers, self.classes, strict=True)]
        kind, on_map = self.row.on_map
        if on_map and self.reads is None:
            other = _Draft(replace(self.row, layers=on_map, on_map=("", ""), activations={}))
            self.reads = Reads(self.row.name, " -> ".join(other.translate(arguments, keywords).layers), kind)
        layers = [*own, *self.following]
        reads = (self.reads, *[None] * len(layers))[: len(layers)]
        return Translation(tuple(layers), tuple(self.differences), reads, self.label, self.is_known)

    def _bind(self, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> dict[str, Value]:
        """Return the arguments by the names of their parameters; a missing number of input channels is passed over."""
        renamed = {name: self._rename(name) for name in keywords}
        order = [parameter.name for parameter in self.row.parameters]
        needed = [parameter.name for parameter in self.row.parameters if parameter.default is REQUIRED]
        if self.row.parameters and self.row.parameters[0].word in READS:
            order = order[len(arguments) + len(set(needed).intersection(renamed.values())) < len(needed) :]
        given = dict(zip(order, arguments, strict=False)) | {renamed[name]: keywords[name] for name in keywords}
        if self.row.base != "unread":
            extra = {name: value for name, value in keywords.items() if renamed[name] not in self.row.by_name}
            unknown = [format_python(value) for value in arguments[len(order) :]]
            unknown += [f"{name}={format_python(value)}" for name, value in extra.items()]
            self.differences += [f"`{text}` is no argument of `{self.row.name}`" for text in unknown]
        return given

    def _rename(self, keyword: str) -> str:
        return keyword if keyword in self.row.by_name else self.row.renamed.get(keyword, keyword)

    def add(self, parameter: Parameter, value: Value, is_given: bool) -> None:
        """Add what an argument means."""
        target, value = _convert(parameter.meaning, value)
        word = target.id if isinstance(target, ast.Name) else ""
        if word in READS:
            self.reads = Reads(parameter.name, value, word) if is_given and value is not None else self.reads
        elif word in MEANINGS:
            MEANINGS[word](self, parameter, value)
        elif word or isinstance(target, ast.Attribute):
            self._set(parameter, target, value, is_given)
        elif not any(value == possible for possible in _list_constants(target)):
            self.differences.append(_describe_loss(parameter, value))

    def _set(self, parameter: Parameter, target: ast.expr, value: Value, is_given: bool) -> None:
        """Write an attribute or a bare word of a layer, unless SpecNet's default is the same."""
        place, cls, key = self._find(target)
        is_word = key in cls.words
        if (is_word and isinstance(value, Expression)) or (value is None and parameter.default is not None):
            self.differences.append(_describe_loss(parameter, value))
        elif is_word:
            self.layers[place] += [key] if value is True else []
        elif value is not None and not _admits(cls, key, value):
            self.is_known = False
            self.differences.append(_describe_loss(parameter, value))
        elif value is not None and (text := _format_unless_default(cls, key, value, is_given)):
            self.layers[place].append(text)
            self.values[place][cls.field_of(key) or ""] = to_spec_value(value)

    def _compare_values(self) -> None:
        """Note what a layer says of values that do not go together."""
        for words, cls, values in zip(self.layers, self.classes, self.values, strict=True):
            has_text = cls and any(cls.field_of(word.partition("=")[0]) not in values for word in words if "=" in word)
            if cls and not has_text and not any(map(_has_expression, values.values())):
                conflicts = [each["ctx"]["error"] for each in _list_errors(cls, values) if not each["loc"]]
                self.differences += [f"`{words[0]}` {conflict}" for conflict in conflicts]
                self.is_known &= not conflicts

    def _find(self, target: ast.expr) -> tuple[int, type[Attributes], str]:
        """Return the place and the class of the layer that an attribute or word belongs to, and its key."""
        is_first = isinstance(target, ast.Attribute)
        key = target.attr if isinstance(target, ast.Attribute) else ast.unparse(target)
        owners = [(i, cls) for i, cls in enumerate(self.classes) if cls and (cls.field_of(key) or key in cls.words)]
        return *owners[0 if is_first else -1], key

    def leave_to_training(self, parameter: Parameter, value: Value) -> None:
        if value != parameter.default:
            self.differences.append(f"{_quote(parameter, value)} is left out: only training depends on it")

    def compare_layout(self, parameter: Parameter, value: Value) -> None:
        if value not in (None, "channels_last", "NHWC"):
            self.differences.append(_describe_loss(parameter, value))

    def set_text(self, parameter: Parameter, value: Value) -> None:
        """Fill a value into the row's text; a size that is not given stays open."""
        is_open = value is None or (isinstance(value, tuple) and None in value)
        if is_open:
            self.differences.append(f"{_quote(parameter, value)} leaves a size open")
        text = "?" if is_open else format_foreign_value(value)
        blank = f"{{{parameter.name}}}"
        self.layers = [[word.replace(blank, text) for word in words] for words in self.layers]

    def set_label(self, parameter: Parameter, value: Value) -> None:
        self.label = value if isinstance(value, str) and value.isidentifier() else ""

    def add_activation(self, parameter: Parameter, value: Value) -> None:
        """Add the layer of an activation that is given by its name."""
        name = value.rpartition(".")[2].lower() if isinstance(value, str) else ""
        if value is None or name in self.row.activations:
            self.following += [layer] if (layer := self.row.activations.get(name, "")) else []
        else:
            self.differences.append(_describe_loss(parameter, value))


MEANINGS: Mapping[str, Callable[[_Draft, Parameter, Value], None]] = {
    "activation": _Draft.add_activation,
    "layout": _Draft.compare_layout,
    "name": _Draft.set_label,
    "text": _Draft.set_text,
    "training": _Draft.leave_to_training,
    "unread": lambda draft, parameter, value: None,
    "value": lambda draft, parameter, value: None,
}
"""What to do with an argument, by the word for its meaning."""


def _convert(meaning: ast.expr, value: Value) -> tuple[ast.expr, Value]:
    """Return what an argument sets, and SpecNet's value: `1 - momentum` and 0.99 are `momentum` and 0.01."""
    match meaning:
        case ast.Call(func=ast.Name(id=conversion), args=[target]):
            return target, CONVERSIONS[conversion](value)
        case ast.BinOp(left=ast.Constant(value=int(one)), op=ast.Sub(), right=target):
            return target, subtract(one, value)
        case ast.UnaryOp(op=ast.Not(), operand=target):
            return target, value if isinstance(value, Expression) else not value
    return meaning, value


def _list_constants(meaning: ast.expr) -> Iterator[Value]:
    """Yield the constants of `-1 | 3`."""
    if isinstance(meaning, ast.BinOp) and isinstance(meaning.op, ast.BitOr):
        yield from _list_constants(meaning.left)
        yield from _list_constants(meaning.right)
    else:
        yield ast.literal_eval(meaning)


def _admits(cls: type[Attributes], key: str, value: Value) -> bool:
    """Return whether an attribute may have a value; True for values that contain an expression."""
    name = cls.field_of(key) or ""
    is_switch = cls.model_fields[name].annotation is bool
    if isinstance(value, bool) and not is_switch:
        return False
    errors = [] if _has_expression(value) else _list_errors(cls, {name: to_spec_value(value)})
    return not any(each["loc"] and each["loc"][0] in (name, key) for each in errors)


def _has_expression(value: Value) -> bool:
    return any(isinstance(side, Expression) for side in (value if isinstance(value, tuple) else (value,)))


def _list_errors(cls: type[Attributes], values: Mapping[str, Value]) -> list[ErrorDetails]:
    try:
        cls.model_validate(values)
    except ValidationError as error:
        return error.errors()
    return []


def _format_unless_default(cls: type[Attributes], key: str, value: Value, is_given: bool) -> str:
    """Return an attribute as a line has it; "" if it is SpecNet's default and nobody wrote it as a number."""
    text, name = format_foreign_value(value), cls.field_of(key) or ""
    default = cls.model_fields[name].default
    has_default = default not in (None, PydanticUndefined)
    is_default = has_default and (text == format_value(default) or (type(value) is float and value == default))
    if is_default and (not is_given or isinstance(value, str)):
        return ""
    letters = [letter for letter in map(cls.key_of, cls.model_fields) if letter.isupper()]
    if name not in cls.positional or (key in letters and len(letters) > 1):
        return f"{key}={text}"
    is_atom = not isinstance(value, Expression) or re.fullmatch(r"[\w.]+", text)
    return text if is_atom else f"({text})"


def _join_words(words: Sequence[str], cls: type[Attributes] | None) -> str:
    """Return a layer's words: values by position, then attributes in capital letters by field, then all others."""
    if cls is None:
        return " ".join(words)
    order = {cls.key_of(name): i for i, name in enumerate(cls.model_fields)}

    def rank(word: str) -> tuple[int, int]:
        key, sign, _ = word.partition("=")
        if sign:
            return (2, order.get(key, 0)) if key.isupper() else (3, 0)
        sets = cls.words.get(word)
        return (1, 0) if sets is None else (0, 0) if sets[0] in cls.positional else (3, 0)

    return " ".join([words[0], *sorted(words[1:], key=rank)])


# Words for what is lost

LOSSES: Mapping[str, str] = {
    "data_format": "a spec writes maps as height x width x channels, whatever their layout in memory",
    "padding_mode": "a spec pads with zeros, or by a `pad` line of its own",
    "return_indices": "a layer has one output",
    "track_running_stats": "bn keeps running statistics",
}
"""More about arguments without a counterpart."""


def _describe_loss(parameter: Parameter, value: Value) -> str:
    fact = f"{_quote(parameter, value)} has no counterpart"
    return f"{fact}: {LOSSES[parameter.name]}" if parameter.name in LOSSES else fact


def _quote(parameter: Parameter, value: Value) -> str:
    return f"`{parameter.name}={format_python(value)}`"
