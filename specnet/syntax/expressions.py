"""The value of an expression. Whole numbers stay whole: 64/2 is 32, 7/2 is 3.5."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from specnet.attributes import BeforeAfter, Interval, Multiple
from specnet.diagnostics import Code
from specnet.source import Span
from specnet.syntax import tree

LARGEST = 10**30
"""The largest number that an expression may come to."""

Lookup = Callable[[tree.Name | tree.Tap], Any]
"""Return the value of a name or tap where the expression stands; raises `NoValue` or `Unknown`."""


class NoValue(Exception):
    """The expression means nothing: why, and where."""

    code = Code.E120

    def __init__(self, message: str, span: Span, meant: str = "") -> None:
        super().__init__(message)
        self.message, self.span, self.meant = message, span, meant


class NoSuchName(NoValue):
    """A name in the expression is not known."""

    code = Code.E102


class NoSuchTap(NoValue):
    """No value above has the name of a tap."""

    code = Code.E202


class Unknown(Exception):
    """The value depends on a shape that is unknown since an error stands before it."""


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


def evaluate(expression: tree.Expression, lookup: Lookup) -> Any:
    """The value: int, float, bool, str, a tuple of sizes, a list, or one of the values above."""
    match expression:
        case tree.Number(value=value) | tree.Text(value=value):
            return value
        case tree.Multiple(factor=tree.Number(value=value)):
            return Multiple(value)
        case tree.Name(text=text):
            return CONSTANTS[text] if text in CONSTANTS else lookup(expression)
        case tree.Tap():
            return lookup(expression)
        case tree.Size(sizes=sizes):
            return tuple(_number(size, lookup) for size in sizes)
        case tree.Range(low=low, high=high):
            return Interval(_number(low, lookup), _number(high, lookup))
        case tree.SidePair(before=before, after=after):
            return BeforeAfter(_number(before, lookup), _number(after, lookup))
        case tree.Items(items=items):
            return [evaluate(item, lookup) for item in items]
        case tree.Conditional():
            chosen = expression.value if truth(expression.condition, lookup) else expression.otherwise
            return evaluate(chosen, lookup)
        case tree.Unary(operator="not", operand=operand):
            return not truth(operand, lookup)
        case tree.Unary(operand=operand):
            return -_number(operand, lookup)
        case tree.Function():
            return _call(expression, lookup)
        case tree.Binary(operator="and" | "or"):
            return _both_or_either(expression, lookup)
        case tree.Binary():
            return _binary(expression, lookup)


def whole_number(expression: tree.Expression, lookup: Lookup) -> int:
    """The value as a whole number; raises NoValue if it is none."""
    value = _number(expression, lookup)
    if not isinstance(value, int):
        raise NoValue(f"{value:g} is not a whole number", expression.span)
    return value


def _number(expression: tree.Expression, lookup: Lookup) -> Any:
    value = evaluate(expression, lookup)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoValue(f"a number is needed here, not {_described(value)}", expression.span)
    return value


def truth(expression: tree.Expression, lookup: Lookup) -> bool:
    """The value of a condition; raises NoValue if it is neither yes nor no."""
    value = evaluate(expression, lookup)
    if not isinstance(value, bool):
        raise NoValue(f"a condition is needed here, not {_described(value)}", expression.span)
    return value


def _described(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"the number {value:g}"
    return f"`{value}`" if isinstance(value, str) else "a list of values"


def _both_or_either(expression: tree.Binary, lookup: Lookup) -> bool:
    left = truth(expression.left, lookup)
    decided = not left if expression.operator == "and" else left
    return left if decided else truth(expression.right, lookup)


def _binary(expression: tree.Binary, lookup: Lookup) -> Any:
    if expression.operator in ("==", "!="):
        values = evaluate(expression.left, lookup), evaluate(expression.right, lookup)
    else:
        values = _number(expression.left, lookup), _number(expression.right, lookup)
    try:
        return _bounded(BINARY[expression.operator](*values), expression.span)
    except ZeroDivisionError:
        raise NoValue("division by zero", expression.span) from None
    except OverflowError:
        raise NoValue("the number is too large", expression.span) from None


def _call(expression: tree.Function, lookup: Lookup) -> Any:
    name = expression.name.text
    if name not in FUNCTIONS:
        raise NoSuchName(f"there is no function `{name}`; there are {', '.join(FUNCTIONS)}", expression.name.span)
    values = [_number(argument, lookup) for argument in expression.arguments]
    wanted = "at least two" if name in ("min", "max") else "one"
    if (len(values) < 2) if wanted == "at least two" else (len(values) != 1):
        raise NoValue(f"`{name}` takes {wanted}", expression.span)
    try:
        return _bounded(FUNCTIONS[name](*values), expression.span)
    except OverflowError:
        raise NoValue("the number is too large", expression.span) from None


def _bounded(value: Any, span: Span) -> Any:
    if not isinstance(value, bool) and not abs(value) <= LARGEST:
        raise NoValue("the number is too large", span)
    # Twelve digits are what a person would write: 0.2*14/16 is 0.175.
    return float(f"{value:.12g}") if isinstance(value, float) else value
