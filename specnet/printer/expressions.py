"""Expressions of the syntax tree as text, with no more parentheses than they need, except around sums in a range."""

from __future__ import annotations

from specnet.syntax import tree

CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, FACTOR, ATOM = range(1, 10)
"""Precedence as in the grammar; a range or a pair binds least, at 0."""

PRECEDENCE = {
    "or": OR, "and": AND, "not": NOT, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT
}  # fmt: skip

OPERATOR_WORDS = frozenset({"and", "or", "if", "else", "in", "carry"})
"""Names that the parser would take for operators if they were given by position without parentheses."""


def format_argument(argument: tree.Argument) -> str:
    """Return `KEY=value`, or a value by position."""
    return format_key_value(argument.key.text, argument.value) if argument.key else format_positional(argument.value)


def format_key_value(key: str, value: tree.Expression) -> str:
    """Return `KEY=value`, the value without spaces."""
    return f"{key}={format_expression(value, tight=True)}"


def format_positional(value: tree.Expression) -> str:
    """Return a value that is given by position, without spaces: a sum, a product or a range of these."""
    if isinstance(value, tree.Range):
        least = _range_level(value)
        return f"{_positional_sum(value.low, least)}..{format_expression(value.high, least, tight=True)}"
    return _positional_sum(value, SUM)


def _positional_sum(value: tree.Expression, at_least: int) -> str:
    """Return a sum or product of atoms; whatever binds less, begins with a minus or is a keyword is in parentheses."""
    level = _precedence(value)
    if isinstance(value, tree.Binary) and level >= max(at_least, SUM):
        return f"{_positional_sum(value.left, level)}{value.operator}{_positional_sum(value.right, level + 1)}"
    if isinstance(value, tree.Name) and value.text in OPERATOR_WORDS:
        return f"({value.text})"
    return format_expression(value, ATOM, tight=True)


def _range_level(value: tree.Range) -> int:
    """Return how much both ends must bind: `0..n-1`, but `(n-2)..(n-1)`, with parentheses at both or neither."""
    return PRODUCT if _precedence(value.low) == SUM else SUM


def format_expression(expression: tree.Expression, at_least: int = 0, tight: bool = False) -> str:
    """Return the expression, in parentheses if it binds less than `at_least`; `a + b`, or tight `a+b`."""
    text = _bare(expression, tight)
    return text if _precedence(expression) >= at_least else f"({text})"


def _precedence(expression: tree.Expression) -> int:
    match expression:
        case tree.Range() | tree.SidePair():
            return 0
        case tree.Conditional():
            return CHOICE
        case tree.Binary(operator=operator):
            return PRECEDENCE.get(operator, COMPARISON)
        case tree.Unary(operator=operator):
            return NOT if operator == "not" else FACTOR
        case tree.Number(value=value) if value < 0:
            return FACTOR
        case _:
            return ATOM


def _bare(expression: tree.Expression, tight: bool = False) -> str:
    """Return the expression without parentheses around it."""
    match expression:
        case tree.Number(value=value, text=text):
            return text or repr(value)
        case tree.Multiplier(factor=factor):
            return f"{_bare(factor)}x"
        case tree.Name(text=text):
            return text
        case tree.Text(value=string):
            return f'"{string}"'
        case tree.Tap(name=name):
            return f"@{name}"
        case tree.Size(sizes=sizes):
            return _size(sizes)
        case tree.Unary():
            return _unary(expression, tight)
        case tree.Binary():
            return _binary(expression, tight)
        case tree.Conditional(value=value, condition=condition, otherwise=otherwise):
            parts = format_expression(value, OR), format_expression(condition, OR), format_expression(otherwise, CHOICE)
            return "{} if {} else {}".format(*parts)
        case tree.Function(name=name, arguments=arguments):
            return f"{name.text}({', '.join(format_expression(argument, tight=tight) for argument in arguments)})"
        case tree.Range(low=low, high=high):
            least = _range_level(expression)
            return f"{format_expression(low, least, tight=True)}..{format_expression(high, least, tight=True)}"
        case tree.SidePair(before=before, after=after):
            return f"{format_expression(before, CHOICE, tight=True)}:{format_expression(after, CHOICE, tight=True)}"
        case tree.Items(items=items):
            return f"[{','.join(format_expression(item, tight=True) for item in items)}]"


def _unary(expression: tree.Unary, tight: bool) -> str:
    if expression.operator == "not":
        return f"not {format_expression(expression.operand, NOT)}"
    return f"-{format_expression(expression.operand, FACTOR, tight)}"


def _binary(expression: tree.Binary, tight: bool) -> str:
    """Put spaces around sums and comparisons unless tight, never around products, always around words."""
    operator, level = expression.operator, _precedence(expression)
    spaced = level < COMPARISON or (level < PRODUCT and not tight)
    inside = tight and level >= COMPARISON
    left = format_expression(expression.left, level + (level == COMPARISON), inside)
    right = format_expression(expression.right, level + 1, inside)
    return f"{left} {operator} {right}" if spaced else f"{left}{operator}{right}"


def _size(sizes: tuple[tree.Expression, ...]) -> str:
    """Return `3x4`, `(k)x(k)`, `3x4x(k)`."""
    return "x".join(part if part.isdecimal() else f"({part})" for part in map(_bare, sizes))
