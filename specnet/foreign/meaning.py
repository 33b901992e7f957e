"""What layers of other tools mean here. A table has a row for each call: its signature, with SpecNet's words as types.

    MaxPool2d(kernel_size: F, stride: S = None, padding: P = 0, …, ceil_mode: ceil = False) -> pool max

Behind the arrow is the layer, or a chain of layers. Behind a parameter's colon is what its value means:

    F, bias, ceil           the attribute or bare word of the last layer that has it; `first.P`: of the first layer
    not exclude_padding     the bare word, for False
    1 - momentum            the attribute, set to the difference
    edges(P)                the attribute, set to the result of a function of CONVERSIONS
    "zeros", -1 | 3         nothing is written; only these values have a counterpart
    text                    the value stands in the text behind the arrow, as {parameter}
    channels, input, …      what the layer reads, which SpecNet infers (READS)
    activation, name        the layer that follows; the label
    value                   what a function reads
    layout                  nothing, unless the channels come first
    unread                  nothing: the output does not depend on it
    training                nothing: only training depends on it, which the `train` section describes

An attribute is written if it is given, or if the tool's default is not SpecNet's. Rows of one name are alternatives, of
which the one with the fewest differences counts; a row may end with one, `-> softmax, but …`. Where a layer means
another one on a map than on a vector, the row says both, `-> fc, or on a map conv F=1`; `on a wide map` is one of more
than a single pixel. Nothing here knows lines, messages or fixes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from specnet.attributes import Attributes
from specnet.foreign.values import Value
from specnet.layers import get_layer_class

REQUIRED = object()
"""The default of a parameter that has none."""

READS = frozenset({"channels", "features", "vector", "input"})
"""What an argument may say of the layer's input: C of H×W×C, the number of elements, a vector's length, its shape."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a call, what it means, and the tool's default."""

    name: str
    meaning: ast.expr
    default: Value = REQUIRED

    @property
    def word(self) -> str:
        """The meaning if it is a single word, else ""."""
        return self.meaning.id if isinstance(self.meaning, ast.Name) else ""


Completion = Callable[[Mapping[str, Value]], Mapping[str, Value]]
"""Returns the arguments that a tool computes, from all arguments with their defaults."""


def leave_as_given(arguments: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return nothing, for a tool that computes no argument."""
    return {}


@dataclass(frozen=True)
class Signature:
    """One row of a table."""

    name: str
    parameters: tuple[Parameter, ...]
    keyword_only: tuple[Parameter, ...]
    layers: str
    difference: str = ""
    on_map: tuple[str, str] = ("", "")
    """The kind of map, `map` or `wide map`, on which other layers are meant, and these."""
    base: str = ""
    """The row whose keywords this one takes, too; `unread` if it takes any."""
    activations: Mapping[str, str] = field(default_factory=dict)
    """The layers of activations, by the tool's names; "" for none."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names that parameters had in earlier versions."""
    complete: Completion = leave_as_given
    """What the tool computes from the arguments."""
    classes: Mapping[str, type[Attributes]] | None = None
    """The attributes of what stands behind the arrow, by its word, if these are no layers."""

    def find_class(self, word: str) -> type[Attributes] | None:
        """Return the attributes that a word behind the arrow takes."""
        return get_layer_class(word) if self.classes is None else self.classes.get(word)

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        return {parameter.name: parameter for parameter in (*self.parameters, *self.keyword_only)}


Table = Mapping[str, tuple[Signature, ...]]
"""The alternatives for each call, by its name."""


# Reading a table

ROW = re.compile(r"^(?P<stub>(?P<name>\w+)\(.*?\)) -> *(?P<layers>[^\n]*)$", re.MULTILINE | re.DOTALL)


def read_table(
    rows: str,
    activations: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
    completions: Mapping[str, Completion] | None = None,
    classes: Mapping[str, type[Attributes]] | None = None,
) -> Table:
    """Read rows of the form `NAME(PARAMETER: MEANING = DEFAULT, …) -> LAYERS`, which may extend over several lines."""
    table = dict[str, tuple[Signature, ...]]()
    for row in ROW.finditer(rows):
        signature = _read_signature(row["stub"], row["layers"].strip())
        complete = (completions or {}).get(row["name"], leave_as_given)
        signature = replace(
            signature, activations=activations or {}, renamed=renamed or {}, complete=complete, classes=classes
        )
        table[row["name"]] = (*table.get(row["name"], ()), signature)
    bases = {signature.base for rows in table.values() for signature in rows}
    return {name: tuple(_add_base(row, table) for row in rows) for name, rows in table.items() if name not in bases}


def _read_signature(stub: str, layers: str) -> Signature:
    (function,) = ast.parse(f"def {stub}: ...").body
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults
    positional = tuple(map(_read_parameter, arguments.args, defaults))
    keyword_only = tuple(map(_read_parameter, arguments.kwonlyargs, arguments.kw_defaults))
    base = ast.unparse(arguments.kwarg.annotation) if arguments.kwarg and arguments.kwarg.annotation else ""
    chain, _, difference = layers.partition(", but ")
    chain, *other = re.split(r", or on a (wide map|map) ", chain)
    on_map = (other[0], other[1]) if other else ("", "")
    return Signature(function.name, positional, keyword_only, chain, difference, on_map, base)


def _read_parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    assert argument.annotation, f"{argument.arg} has no meaning"
    return Parameter(argument.arg, argument.annotation, ast.literal_eval(default) if default else REQUIRED)


def _add_base(signature: Signature, table: Table) -> Signature:
    if signature.base in ("", "unread"):
        return signature
    (base,) = table[signature.base]
    return replace(signature, keyword_only=(*signature.keyword_only, *base.keyword_only))
