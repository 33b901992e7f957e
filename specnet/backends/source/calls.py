"""Calls of generated source: what is called, its arguments, and the signature that says how they are written."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from specnet.backends.source.pretty_printer import PythonText, format_flat, format_operand
from specnet.graph import Node

Form = Literal["pair", "sides"]
"""How an integer is written where a library asks for one number an axis: `(3, 3)`, or for one a side of each axis."""


@dataclass(frozen=True)
class Signature:
    """The names of arguments passed by position, and the defaults of arguments passed by name.

    The names are torch's, whatever the language; `spelling` has those that the language writes otherwise.
    """

    positional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    spelling: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)

    def sort(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments in the order of the signature, followed by those that it does not name."""
        order = [name for name in (*self.positional, *self.defaults) if name in arguments]
        return {name: arguments[name] for name in (*order, *arguments)}

    def is_default(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether an argument has the value of its default."""
        if name not in self.defaults:
            return False
        is_kernel_size = name == "stride" and self.defaults[name] is None
        return bool(arguments[name] == (arguments.get("kernel_size") if is_kernel_size else self.defaults[name]))

    def spell(self, name: str, text: PythonText, value: object) -> PythonText:
        """Return the text of an argument as the language writes a number for all axes."""
        if name not in self.forms or isinstance(value, tuple):
            return text
        pair = f"({format_flat(text)}, {format_flat(text)})"
        return pair if self.forms[name] == "pair" else f"({pair}, {pair})"


@dataclass(frozen=True)
class SourceCall:
    """A call of a module or function, its arguments in the order of its signature.

    `frozen` are the parameters of a module that are not learned.
    """

    target: str
    arguments: Mapping[str, Any]
    signature: Signature
    joins: str | None = None
    frozen: tuple[str, ...] = ()
    is_module: bool = False
    """Whether it is constructed once and called by its name, as what has weights is."""
    is_method: bool = False
    """Whether it is written as a method of a tensor, all arguments by position."""

    @property
    def is_activation(self) -> bool:
        """Whether it is a function of one value without arguments, which any other such function can replace."""
        is_own = self.target.startswith(("layers.", "modules."))
        return not (self.is_module or self.arguments or self.joins or self.is_template or is_own)

    @property
    def is_template(self) -> bool:
        """Whether the target is an expression with places for the value, `{x}`, and for the arguments."""
        return "{x}" in self.target

    @property
    def name(self) -> str:
        """The class or function as it is written: those that the library lacks are embedded in the source."""
        return self.target.removeprefix("modules.").removesuffix("()").replace(":", ".")

    @property
    def structure(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The call without the values of its arguments."""
        return "" if self.is_activation else self.target, tuple(self.arguments), self.frozen


def format_template(call: SourceCall, value: PythonText, arguments: Sequence[PythonText]) -> PythonText:
    """Return the expression of a call that is a template: `x[:, 0]`, `x.mean(axis=(1, 2))`."""
    return call.target.format(*map(format_flat, arguments), x=format_operand(value))


Calls = tuple[SourceCall, ...]

ConvertNode = Callable[[Node], Calls]
"""A language's calls for a node of a network, in order; none for an identity."""


def parse_signature(arguments: str) -> Signature:
    """Return the signature of arguments as a function lists them: `kernel_size, stride=1`."""
    tree = ast.parse(f"lambda {arguments}: None", mode="eval").body
    assert isinstance(tree, ast.Lambda)
    return read_signature(tree.args)


def read_signature(arguments: ast.arguments) -> Signature:
    """Return the signature of a function's syntax tree, without `self`.

    Arguments before a `/` are always passed, and by position.
    """
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    named = [name for name in names[len(arguments.posonlyargs) :] if name in defaults]
    keyword_only = zip((argument.arg for argument in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
    values = {name: defaults[name] for name in named} | {name: default for name, default in keyword_only if default}
    positional = tuple(name for name in names if name not in (*named, "self"))
    return Signature(positional, {name: ast.literal_eval(default) for name, default in values.items()})
