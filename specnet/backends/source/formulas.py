"""Expressions of a spec in Python: `F//2` as `kernel_size // 2`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from specnet.backends.source.pretty_printer import Bracketed, PythonText
from specnet.printer.expressions import format_expression
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, UndefinedName, evaluate


class _Absent:
    """The value of a child that an instance leaves out."""


ABSENT = _Absent()

Vector = tuple[Any, ...]
"""A value in each instance of a class; ABSENT where an instance leaves the child out."""

FindValue = Callable[[str], tree.Expression | None]
"""A function that returns what stands for a name or a tap of the spec in Python; None where nothing does."""

DIVISION = "/"
"""The operator that gives a whole number wherever it can, which Python's does not."""


def is_same(one: object, other: object) -> bool:
    """Return whether two values are equal and of one type, unlike 1, 1.0 and True."""
    return type(one) is type(other) and one == other


def agrees(value: object, other: object) -> bool:
    """Return whether a value is absent or the same as another."""
    return value is ABSENT or is_same(value, other)


NOWHERE = Source("", "").span(0, 0)
"""The place of expressions that no spec has."""


@dataclass(frozen=True)
class TranslatedFormula:
    """An expression with Python's names and operators."""

    expression: tree.Expression

    @property
    def text(self) -> PythonText:
        """The expression as Python writes it."""
        if isinstance(self.expression, tree.Size):
            return Bracketed("(", tuple(map(_format, self.expression.sizes)))
        return _format(self.expression)

    @property
    def reads(self) -> tuple[str, ...]:
        """The parameters in the expression."""
        functions = {function.name.span for function in tree.find_parts(self.expression, tree.Function)}
        names = (name for name in tree.find_parts(self.expression, tree.Name) if name.span not in functions)
        return tuple(dict.fromkeys(name.text for name in names))


def _format(expression: tree.Expression) -> str:
    """Return an expression with Python's blanks."""
    return ast.unparse(ast.parse(format_expression(expression), mode="eval"))


def translate_formula(
    formula: tree.Expression, find_value: FindValue, names: Mapping[str, Vector], wanted: Vector
) -> TranslatedFormula | None:
    """Return an expression of the spec in Python; None unless it has the wanted values, given those of `names`."""
    is_whole = not any(isinstance(value, float) for value in wanted)
    try:
        translated = _translate(formula, find_value, "//" if is_whole else DIVISION)
        values = [evaluate(translated, partial(_look_up, names, instance)) for instance in range(len(wanted))]
    except (_UntranslatableError, EvaluationError):
        return None
    if is_whole:
        has_values = not _has_fractions(translated, names) and all(map(agrees, wanted, values))
    else:
        has_values = all(value in (ABSENT, other) for value, other in zip(wanted, values, strict=True))
    return TranslatedFormula(translated) if has_values else None


def _has_fractions(expression: tree.Expression, names: Mapping[str, Vector]) -> bool:
    """Return whether Python's result may be 32.0 where the spec's is 32, as that of 64*0.5."""
    return any(isinstance(value, float) for term in _find_terms(expression) for value in _list_values(term, names))


def _find_terms(expression: tree.Expression) -> Iterator[tree.Number | tree.Name]:
    """Yield the numbers and names of which a result is computed; a condition only chooses."""
    match expression:
        case tree.Number() | tree.Name():
            yield expression
        case tree.Unary(operand=operand):
            yield from _find_terms(operand)
        case tree.Binary(left=one, right=other) | tree.Conditional(value=one, otherwise=other):
            yield from (*_find_terms(one), *_find_terms(other))
        case tree.Function(arguments=parts) | tree.Size(sizes=parts):
            yield from chain.from_iterable(map(_find_terms, parts))


def _list_values(term: tree.Number | tree.Name, names: Mapping[str, Vector]) -> Vector:
    return (term.value,) if isinstance(term, tree.Number) else names.get(term.text, ())


class _UntranslatableError(Exception):
    """A part of an expression has no counterpart in Python, or reads what no parameter holds."""


def _look_up(names: Mapping[str, Vector], instance: int, name: tree.Name | tree.Tap) -> Any:
    assert isinstance(name, tree.Name)  # a translated formula has no taps
    if name.text not in names:
        raise UndefinedName(name.text, name.span)
    return names[name.text][instance]


def _translate(expression: tree.Expression, find_value: FindValue, division: str) -> tree.Expression:
    """Return the expression in Python; what divides whole numbers leaves no remainder, or the spec has an error."""

    def inner(part: tree.Expression) -> tree.Expression:
        return _translate(part, find_value, division)

    match expression:
        case tree.Number():
            return expression
        case tree.Name(text=name) | tree.Tap(name=name) if found := find_value(name):
            return found
        case tree.Unary(operand=operand):
            return replace(expression, operand=inner(operand))
        case tree.Binary(operator=operator, left=left, right=right):
            sign = division if operator == DIVISION else operator
            return replace(expression, operator=sign, left=inner(left), right=inner(right))
        case tree.Conditional(value=value, condition=condition, otherwise=otherwise) if not _divides(condition):
            return replace(expression, value=inner(value), condition=inner(condition), otherwise=inner(otherwise))
        case tree.Function(name=tree.Name(text="min" | "max"), arguments=arguments):
            return replace(expression, arguments=tuple(map(inner, arguments)))
        case tree.Size(sizes=sizes):
            return replace(expression, sizes=tuple(map(inner, sizes)))
    raise _UntranslatableError


def _divides(expression: tree.Expression) -> bool:
    """Return whether an expression has a quotient, which in a condition may be no whole number."""
    return any(part.operator == DIVISION for part in tree.find_parts(expression, tree.Binary))
