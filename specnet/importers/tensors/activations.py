"""Recognise activations that are written out, `x * sigmoid(x)`, by what they compute of some numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from specnet.importers.imported import SourceLayer
from specnet.importers.tensors.program import Operator, Program
from specnet.importers.tensors.rewriting import Finder, replace_operators

if TYPE_CHECKING:
    from numpy import ndarray

MOST_STEPS = 12
"""The operators that an activation is written out as, at most."""

MOST_ROOTS = 6

SAME = 2e-6
"""The largest difference of two functions that count as the same, as single precision has it."""

WRITTEN = ("add", "sub", "mul", "div", "maximum", "minimum", "clamp", "relu6")
"""The last operators of activations that are written out."""

Function = Callable[["ndarray"], "ndarray"]


class _Form:
    """A value as a function of another one, and the operators between them."""

    def __init__(self, function: Function, sources: frozenset[SourceLayer] = frozenset(), steps: int = 0) -> None:
        self.function, self.sources, self.steps = function, sources, steps


def fuse_activations(program: Program) -> Program:
    """Return a program in which activations that are written out are one operator each."""
    finder, forms, changed = Finder(program), dict[str, dict[str, _Form]](), dict[str, tuple[Operator, ...]]()
    for op in program.operators:
        made = _combine(op, finder, forms)
        for root, form in made.items():
            if op.kind in WRITTEN and form.steps > 1 and (known := _recognise(form.function)):
                absorbed = tuple(sorted(form.sources - {op.source}, key=lambda source: source.name))
                new = replace(op, kind=known[0], inputs=(root,), attributes=known[1], absorbed=absorbed)
                changed[op.output] = (new,)
                made = {}
                break
        forms[op.output] = made
    return replace_operators(finder, changed)


def _combine(op: Operator, finder: Finder, forms: Mapping[str, Mapping[str, _Form]]) -> dict[str, _Form]:
    """Return an output as a function of each value that all its inputs are functions of, the nearest first."""
    function = _list_functions().get(op.kind)
    if function is None or not op.inputs:
        return {}
    operands = list[dict[str, _Form] | float]()
    for name in op.inputs[:2]:
        number = finder.number(name)
        if number is not None:
            operands.append(number)
        elif name is None or finder.is_constant(name) or finder.shape(name) != op.shape:
            return {}
        else:
            operands.append({name: _Form(lambda x: x), **forms.get(name, {})})
    values = [each for each in operands if isinstance(each, dict)]
    roots = [root for root in values[0] if all(root in each for each in values)] if values else []
    found = dict[str, _Form]()
    for root in roots[:MOST_ROOTS]:
        parts = [each[root] if isinstance(each, dict) else each for each in operands]
        form = _join(op, function, parts)
        if form.steps <= MOST_STEPS:
            found[root] = form
    return found


def _join(op: Operator, function: Callable[..., ndarray], parts: list[_Form | float]) -> _Form:
    given = dict(op.attributes)

    def compute(x: ndarray) -> ndarray:
        computed: ndarray = function(given, *(part.function(x) if isinstance(part, _Form) else part for part in parts))
        return computed

    forms = [part for part in parts if isinstance(part, _Form)]
    sources = frozenset({op.source}).union(*(form.sources for form in forms))
    return _Form(compute, sources, 1 + max((form.steps for form in forms), default=0))


@cache
def _list_functions() -> Mapping[str, Callable[..., ndarray]]:
    """Return the functions of single elements by the kinds of their operators; each takes the attributes first."""
    import numpy as np

    def clamp(given: Mapping[str, Any], x: ndarray) -> ndarray:
        low, high = given.get("min"), given.get("max")
        held: ndarray = np.clip(x, -np.inf if low is None else low, np.inf if high is None else high)
        return held

    return {
        "add": lambda _, a, b: a + b,
        "sub": lambda _, a, b: a - b,
        "mul": lambda _, a, b: a * b,
        "div": lambda _, a, b: a / b,
        "pow": lambda _, a, b: a**b,
        "maximum": lambda _, a, b: np.maximum(a, b),
        "minimum": lambda _, a, b: np.minimum(a, b),
        "relu": lambda _, x: np.maximum(x, 0),
        "relu6": lambda _, x: np.clip(x, 0, 6),
        "sigmoid": lambda _, x: 1 / (1 + np.exp(-x)),
        "hardsigmoid": lambda _, x: np.clip(x / 6 + 0.5, 0, 1),
        "tanh": lambda _, x: np.tanh(x),
        "exp": lambda _, x: np.exp(x),
        "log": lambda _, x: np.log(x),
        "softplus": lambda _, x: np.logaddexp(0, x),
        "erf": lambda _, x: _erf(x),
        "neg": lambda _, x: -x,
        "abs": lambda _, x: np.abs(x),
        "clamp": clamp,
    }


def _erf(x: ndarray) -> ndarray:
    import math

    import numpy as np

    computed: ndarray = np.vectorize(math.erf)(x)
    return computed


@cache
def _list_known() -> tuple[tuple[str, dict[str, Any], ndarray], ...]:
    """Return activations with their values at the points."""
    import numpy as np

    x, functions = _make_points(), _list_functions()
    sigmoid, erf = functions["sigmoid"]({}, x), functions["erf"]({}, x / np.sqrt(2))
    cubic = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return (
        ("relu", {}, np.maximum(x, 0)),
        ("relu6", {}, np.clip(x, 0, 6)),
        ("sigmoid", {}, sigmoid),
        ("silu", {}, x * sigmoid),
        ("gelu", {"approximate": "none"}, x * 0.5 * (1 + erf)),
        ("gelu", {"approximate": "tanh"}, x * 0.5 * (1 + cubic)),
        ("hardswish", {}, x * np.clip(x / 6 + 0.5, 0, 1)),
        ("hardsigmoid", {}, np.clip(x / 6 + 0.5, 0, 1)),
        ("mish", {}, x * np.tanh(np.logaddexp(0, x))),
        ("tanh", {}, np.tanh(x)),
    )


@cache
def _make_points() -> ndarray:
    import numpy as np

    return np.linspace(-9.03, 9.01, 129)


def _recognise(function: Function) -> tuple[str, dict[str, Any]] | None:
    """Return the activation that a function is, with its attributes."""
    import numpy as np

    x = _make_points()
    with np.errstate(all="ignore"):
        values = np.broadcast_to(function(x), x.shape)
    for kind, attributes, expected in _list_known():
        if np.allclose(values, expected, rtol=0, atol=SAME):
            return kind, attributes
    slope = float(values[0] / x[0])
    if 0 < slope < 1 and np.allclose(values, np.where(x > 0, x, slope * x), rtol=0, atol=SAME):
        return "leaky_relu", {"negative_slope": round(slope, 7)}
    return None
