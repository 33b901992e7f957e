"""A call of Python, `nn.Conv2d(3, 96, 11, stride=4)`, in the words of a spec: `conv K=96 F=11 S=4`."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from specnet.syntax.habits.known import ARRIVING, LAYERS, OURS, Known
from specnet.syntax.habits.words import ATTRIBUTES, ours

BY_POSITION = frozenset({("fc", "K"), ("dropout", "p"), ("input", "shape")})
"""Attributes that are written without their key."""

SILENT = frozenset({"in_channels", "in_features", "num_features", "num_channels", "inplace", "input_shape", "dim"})
"""Keywords that a spec has no need of."""

VALUES = frozenset({"x", "y", "z", "h", "out", "output", "outputs", "inputs", "net", "model"})
"""What Python programs call the value that goes from layer to layer, and the whole."""

FUNCTIONS = frozenset({"min", "max", "ceil", "floor"})
"""What is called in a spec, too."""


@dataclass(frozen=True)
class Phrase:
    """Elements of a chain in a spec's words; `is_sure` if nothing of the call is lost."""

    elements: tuple[str, ...]
    is_sure: bool
    called: str
    tool: str = ""
    label: str = ""


def phrase(text: str) -> Phrase | None:
    """A statement of Python that calls a layer, in a spec's words; None if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text.strip().rstrip(",;")).body
    except (SyntaxError, ValueError, MemoryError):
        return None
    match body:
        case [ast.Expr(value=ast.Call() as call)]:
            return _call(call)
        case [ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=ast.Call() as call)]:
            said = _call(call)
            return said and replace(said, label=said.label if name in VALUES else name)
    return None


def _call(call: ast.Call) -> Phrase | None:
    if isinstance(call.func, ast.Call):  # Keras: Conv2D(96, 11)(x)
        return _call(call.func)
    called = ast.unparse(call.func)
    name = called.rpartition(".")[2]
    if name in FUNCTIONS:
        return None
    if name == "Sequential" or (name == "add" and isinstance(call.func, ast.Attribute)):
        return _several(called, call.args)
    has_numbers = all(isinstance(argument, ast.Constant) for argument in call.args)
    known = OURS.get(name) if name in OURS and has_numbers else LAYERS.get(name)
    inner = _several(called, [arg for arg in call.args if isinstance(arg, ast.Call)])
    own = _known(known, call) if known else _other(name, call)
    is_sure = own.is_sure and inner.is_sure and (known is not None or called == name)
    return Phrase((*inner.elements, *own.elements), is_sure, called, own.tool, own.label)


def _several(called: str, arguments: list[ast.expr]) -> Phrase:
    """Calls one after the other, or in a list."""
    calls = [item for a in arguments for item in (a.elts if isinstance(a, ast.List | ast.Tuple) else [a])]
    phrases = [_call(item) if isinstance(item, ast.Call) else None for item in calls]
    elements = tuple(element for said in phrases if said for element in said.elements)
    tool = next((said.tool for said in phrases if said and said.tool), "")
    return Phrase(elements, all(said and said.is_sure for said in phrases), called, tool)


def _known(known: Known, call: ast.Call) -> Phrase:
    """A layer of PyTorch or Keras."""
    kind, words, after, label, is_sure = known.words.split(" ")[0], [known.words], list[str](), "", True
    for attribute, node in _arguments(known, call):
        value = _shape(node) if attribute == "shape" else _value(node)
        if attribute == "name":
            label = value
        elif attribute == "activation":
            after += [value] if value and value != "linear" else []
        elif attribute == "to" and value == "1":
            words.append("global")
        elif attribute and attribute != ARRIVING and value:
            words.append(value if (kind, attribute) in BY_POSITION else f"{attribute}={value}")
        is_sure &= bool(attribute)
    return Phrase((*filter(None, [" ".join(words)]), *after), is_sure, "", known.tool, label)


def _arguments(known: Known, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What each argument is called here; empty if that is not known."""
    keywords = [(_attribute(keyword.arg or ""), keyword.value) for keyword in call.keywords]
    order, needed = list(known.attributes), known.attributes[: known.needed]
    if order[:1] == [ARRIVING] and len(call.args) + sum(key in needed for key, _ in keywords) < len(needed):
        order = order[1:]
    yield from zip((*order, *[""] * len(call.args)), call.args, strict=False)
    yield from keywords


def _attribute(keyword: str) -> str:
    if keyword in SILENT:
        return ARRIVING
    if keyword in ("activation", "name", "shape", *ATTRIBUTES):
        return keyword
    return ours(keyword, (*ATTRIBUTES, "p", "momentum"))


def _other(name: str, call: ast.Call) -> Phrase:
    """A word of the spec itself, called like a function: `bottleneck(64, S=2)`."""
    given = [arg for arg in call.args if not isinstance(arg, ast.Call)]
    values = [arg for arg in given if not (isinstance(arg, ast.Name) and arg.id in VALUES)]
    if name == "input" and len(values) > 1:  # (3, 224, 224)
        return Phrase((f"input {'x'.join(map(_value, values))}",), True, "")
    keys = [f"{keyword.arg}={_value(keyword.value)}" for keyword in call.keywords]
    return Phrase((" ".join((name, *map(_value, values), *keys)),), len(values) == len(call.args), "")


def _value(node: ast.expr) -> str:
    """A value as a spec has it; empty for what it leaves out."""
    match node:
        case ast.Constant(value=True):
            return "yes"
        case ast.Constant(value=False):
            return "no"
        case ast.Constant(value=None | "valid"):
            return ""
        case ast.Constant(value=str(text)):
            return text
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if parts:
            sides = dict.fromkeys(map(_value, parts))
            return next(iter(sides)) if len(sides) == 1 else _shape(node)
    return ast.unparse(node)


def _shape(node: ast.expr) -> str:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return "x".join(_value(part) if isinstance(part, ast.Constant) else f"({_value(part)})" for part in parts)
