"""Evaluate expressions. Whole results are whole numbers: 64/2 and 128*0.25 are 32, 7/2 is 3.5."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from specnet.attributes import BeforeAfter, Interval, Multiple
from specnet.byte_sizes import ByteSize
from specnet.diagnostics import Code
from specnet.source import Span
from specnet.syntax import tree

LARGEST_RESULT = 10**30
"""The largest absolute value of a result."""

Lookup = Callable[[tree.Name | tree.Tap], Any]
"""A function that returns the value of a name or tap; raises EvaluationError or UnknownShape."""


class EvaluationError(Exception):
    """An expression has no value; `span` is the faulty part, `meant` its probable correction, `help` a way out."""

    code = Code.E120

    def __init__(self, message: str, span: Span, meant: str = "", help: str = "") -> None:
        super().__init__(message)
        self.message, self.span, self.meant, self.help = message, span, meant, help


class UndefinedName(EvaluationError):
    """A name in the expression is not defined."""

    code = Code.E102


class UnknownWord(UndefinedName):
    """A word stands for nothing; where a text can stand, it may be one that lacks its quotes."""


class UndefinedTap(EvaluationError):
    """No value above has the name of a tap."""

    code = Code.E202


class UnknownShape(Exception):
    """The value depends on a shape that is unknown because of an earlier error."""


def has_value(expression: tree.Expression, lookup: Lookup) -> bool:
    """Return whether an expression has a value, known or not; a name that is not defined has none."""
    try:
        evaluate(expression, lookup)
    except UndefinedName:
        return False
    except (EvaluationError, UnknownShape):
        return True
    return True


def _divide(left: Any, right: Any) -> Any:
    whole = isinstance(left, int) and isinstance(right, int) and left % right == 0
    return left // right if whole else left / right


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "//": operator.floordiv,
    "%": operator.mod,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "ceil": math.ceil, "floor": math.floor}

CONSTANTS = {"yes": True, "no": False, "true": True, "false": False}


def find_constant(word: str) -> str:
    """Return `yes` or `no` for a word that is one of the constants but for its case, as `True` is; "" for others."""
    value = CONSTANTS.get(word.lower())
    return "" if value is None else _describe(value)


def evaluate(expression: tree.Expression, lookup: Lookup) -> Any:
    """Return the value: int, float, bool, str, a tuple of sizes, a list, an Interval, a BeforeAfter, a Multiple.

    Raises EvaluationError for an expression without a value, UnknownShape for one whose value is not known.
    """
    match expression:
        case tree.Number(value=value) | tree.Text(value=value):
            return value
        case tree.Multiplier(factor=tree.Number(value=value)):
            return Multiple(value)
        case tree.Name(text=text):
            return CONSTANTS[text] if text in CONSTANTS else lookup(expression)
        case tree.Tap():
            return lookup(expression)
        case tree.Size(sizes=sizes):
            return tuple(_evaluate_all(_evaluate_count, sizes, lookup))
        case tree.Range(low=low, high=high):
            return Interval(*_evaluate_all(_evaluate_count, (low, high), lookup))
        case tree.SidePair(before=before, after=after):
            return BeforeAfter(*_evaluate_all(_evaluate_count, (before, after), lookup))
        case tree.Items(items=items):
            return _evaluate_all(evaluate, items, lookup)
        case tree.Conditional():
            return _evaluate_conditional(expression, lookup)
        case tree.Unary(operator="not", operand=operand):
            return not evaluate_condition(operand, lookup)
        case tree.Unary(operand=operand):
            return -_evaluate_number(operand, lookup)
        case tree.Function():
            return _call_function(expression, lookup)
        case tree.Binary(operator="and" | "or"):
            return _evaluate_logical(expression, lookup)
        case tree.Binary():
            return _evaluate_binary(expression, lookup)


def _evaluate_all(
    evaluate_one: Callable[[tree.Expression, Lookup], Any], expressions: Sequence[tree.Expression], lookup: Lookup
) -> list[Any]:
    """Return the values of expressions; an error in one of them comes before an unknown value of another."""
    values, is_unknown = [], False
    for expression in expressions:
        try:
            values.append(evaluate_one(expression, lookup))
        except UnknownShape:
            is_unknown = True
    if is_unknown:
        raise UnknownShape
    return values


def evaluate_or_quote(expression: tree.Expression, lookup: Lookup) -> Any:
    """Return the value of an expression where a text can stand, too, which an unknown word may be without quotes."""
    try:
        return evaluate(expression, lookup)
    except UnknownWord as error:
        if error.span == expression.span and not error.meant:
            error.help = f'a text is in double quotes, `"{expression.span.text}"`'
        raise


def _evaluate_conditional(expression: tree.Conditional, lookup: Lookup) -> Any:
    try:
        holds = evaluate_condition(expression.condition, lookup)
    except UnknownShape:
        _check_names((expression.value, expression.otherwise), lookup)
        raise
    return evaluate(expression.value if holds else expression.otherwise, lookup)


def _check_names(expressions: Sequence[tree.Expression], lookup: Lookup) -> None:
    """Raise UndefinedName or UndefinedTap for a name in parts that may not be needed; no other error there is sure."""
    for expression in expressions:
        try:
            evaluate(expression, lookup)
        except (UndefinedName, UndefinedTap):
            raise
        except (EvaluationError, UnknownShape):
            continue


def evaluate_integer(expression: tree.Expression, lookup: Lookup) -> int:
    """Return the value of an expression that must be a whole number; raises EvaluationError for another."""
    value = _evaluate_count(expression, lookup)
    if not isinstance(value, int):
        raise EvaluationError(f"{value:g} is not a whole number", expression.span)
    return value


def _evaluate_number(expression: tree.Expression, lookup: Lookup) -> Any:
    value = evaluate(expression, lookup)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError(f"a number is needed here, not {_describe(value)}", expression.span)
    return value


def _evaluate_count(expression: tree.Expression, lookup: Lookup) -> Any:
    """Return the value of an expression that must be a number of anything but bytes."""
    value = _evaluate_number(expression, lookup)
    if isinstance(value, ByteSize):
        message = f"a number is needed here, not a size in bytes, `{expression.span.text}`"
        raise EvaluationError(message, expression.span)
    return value


def evaluate_condition(expression: tree.Expression, lookup: Lookup) -> bool:
    """Return the value of a condition; raises EvaluationError if it is neither yes nor no."""
    value = evaluate(expression, lookup)
    if not isinstance(value, bool):
        message = f"a condition is needed here, not {_describe(value)}"
        raise EvaluationError(message, expression.span, help=_suggest_condition(expression, value))
    return value


def _suggest_condition(expression: tree.Expression, value: object) -> str:
    """Return how a name that is a number becomes a condition; "" for anything else."""
    if isinstance(value, ByteSize) or not isinstance(value, int | float) or not isinstance(expression, tree.Name):
        return ""
    comparison = "== 1" if value in (0, 1) else "> 0"
    return f"a condition is a comparison, `{expression.text} {comparison}`, or a value `yes` or `no`"


def _describe(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"the number {value:g}"
    return f"`{value}`" if isinstance(value, str) else "a list of values"


def _evaluate_logical(expression: tree.Binary, lookup: Lookup) -> bool:
    try:
        left = evaluate_condition(expression.left, lookup)
    except UnknownShape:
        _check_names((expression.right,), lookup)
        raise
    decided = not left if expression.operator == "and" else left
    return left if decided else evaluate_condition(expression.right, lookup)


def _evaluate_binary(expression: tree.Binary, lookup: Lookup) -> Any:
    if expression.operator in ("==", "!="):
        values = _evaluate_all(evaluate_or_quote, (expression.left, expression.right), lookup)
    else:
        values = _evaluate_all(_evaluate_number, (expression.left, expression.right), lookup)
    try:
        result = _check_bound(BINARY[expression.operator](*values), expression.span)
        return ByteSize(round(result)) if _is_in_bytes(expression.operator, *values) else result
    except ZeroDivisionError:
        raise EvaluationError("division by zero", expression.span) from None
    except OverflowError:
        raise EvaluationError("the number is too large", expression.span) from None


def _is_in_bytes(operator: str, left: Any, right: Any) -> bool:
    """Whether the result of an operator is a number of bytes: 2*1GB is, 3GB/1GB is not."""
    are_bytes = isinstance(left, ByteSize), isinstance(right, ByteSize)
    return any(are_bytes) if operator in "+-*" else operator in ("/", "//", "%") and are_bytes == (True, False)


def _call_function(expression: tree.Function, lookup: Lookup) -> Any:
    name = expression.name.text
    if name not in FUNCTIONS:
        raise UndefinedName(f"there is no function `{name}`; there are {', '.join(FUNCTIONS)}", expression.name.span)
    values = _evaluate_all(_evaluate_number, expression.arguments, lookup)
    wanted = "at least two" if name in ("min", "max") else "one"
    if (len(values) < 2) if wanted == "at least two" else (len(values) != 1):
        raise EvaluationError(f"`{name}` takes {wanted}", expression.span)
    try:
        return _check_bound(FUNCTIONS[name](*values), expression.span)
    except OverflowError:
        raise EvaluationError("the number is too large", expression.span) from None


def _check_bound(value: Any, span: Span) -> Any:
    if not isinstance(value, bool) and not abs(value) <= LARGEST_RESULT:
        raise EvaluationError("the number is too large", span)
    if not isinstance(value, float):
        return value
    # Twelve digits are what a person would write: 0.2*14/16 is 0.175.
    written = float(f"{value:.12g}")
    return int(written) if written.is_integer() else written
