"""Expressions as text, with the parentheses that they need and no others."""

from __future__ import annotations

from specnet.syntax import tree

CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, FACTOR, ATOM = range(1, 10)
"""How strongly an expression holds together, as in the grammar; a range or a pair holds least."""

LEVELS = {"or": OR, "and": AND, "not": NOT, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}

TAKEN_FOR_OPERATORS = frozenset({"and", "or", "if", "else", "in"})
"""Names that by position would be read as something else: they stay in parentheses."""


def positional(value: tree.Expression) -> str:
    """A value that stands by position: one atom, or a range that begins with one."""
    if isinstance(value, tree.Range):
        return f"{_atom(value.low)}..{written(value.high, SUM, tight=True)}"
    return _atom(value)


def _atom(value: tree.Expression) -> str:
    is_taken = isinstance(value, tree.Name) and value.text in TAKEN_FOR_OPERATORS
    return f"({_bare(value)})" if is_taken else written(value, ATOM)


def named(key: str, value: tree.Expression) -> str:
    """`KEY=value`"""
    return f"{key}={written(value, tight=True)}"


def written(expression: tree.Expression, at_least: int = 0, tight: bool = False) -> str:
    """The expression, in parentheses if it holds less than what it stands in; `a + b`, or tight `a+b`."""
    return _bare(expression, tight) if _level(expression) >= at_least else f"({_bare(expression)})"


def _level(expression: tree.Expression) -> int:
    match expression:
        case tree.Range() | tree.SidePair():
            return 0
        case tree.Conditional():
            return CHOICE
        case tree.Binary(operator=operator):
            return LEVELS.get(operator, COMPARISON)
        case tree.Unary(operator=operator):
            return NOT if operator == "not" else FACTOR
        case tree.Number(value=value) if value < 0:
            return FACTOR
        case _:
            return ATOM


def _bare(expression: tree.Expression, tight: bool = False) -> str:
    match expression:
        case tree.Number(value=value, text=text):
            return text or repr(value)
        case tree.Multiple(factor=factor):
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
            return f"{written(value, OR)} if {written(condition, OR)} else {written(otherwise, CHOICE)}"
        case tree.Function(name=name, arguments=arguments):
            return f"{name.text}({', '.join(map(written, arguments))})"
        case tree.Range(low=low, high=high):
            return f"{written(low, CHOICE, tight=True)}..{written(high, CHOICE, tight=True)}"
        case tree.SidePair(before=before, after=after):
            return f"{written(before, CHOICE, tight=True)}:{written(after, CHOICE, tight=True)}"
        case tree.Items(items=items):
            return f"[{','.join(written(item, tight=True) for item in items)}]"


def _unary(expression: tree.Unary, tight: bool) -> str:
    if expression.operator == "not":
        return f"not {written(expression.operand, NOT)}"
    return f"-{written(expression.operand, FACTOR, tight)}"


def _binary(expression: tree.Binary, tight: bool) -> str:
    """Sums and comparisons have spaces unless they are to be tight, products never, words always."""
    operator, level = expression.operator, _level(expression)
    spaced = level < COMPARISON or (level < PRODUCT and not tight)
    inside = tight and level >= COMPARISON
    left = written(expression.left, level + (level == COMPARISON), inside)
    right = written(expression.right, level + 1, inside)
    return f"{left} {operator} {right}" if spaced else f"{left}{operator}{right}"


def _size(sizes: tuple[tree.Expression, ...]) -> str:
    """`3x4`, `(k)x(k)`, `(k)x3`; but `(3)x(4)x(k)`, as `3x4` is one word."""
    parts = [_bare(size) for size in sizes]
    plain = [part.isdecimal() for part in parts]
    if all(plain):
        return "x".join(parts)
    alone = [plain[i] and not any(plain[max(i - 1, 0) : i] + plain[i + 1 : i + 2]) for i in range(len(parts))]
    return "x".join(part if bare else f"({part})" for part, bare in zip(parts, alone, strict=True))
