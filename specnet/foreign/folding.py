"""Compute what is constant in an expression of Python: names with values, arithmetic, comparisons, choices."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}

LARGEST = 10**9
"""Larger numbers are not computed, nor is any text repeated."""


def fold(node: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """Return an expression with names, `width` or `self.width`, replaced by their values, and constants computed."""
    return _Fold(values).visit_expression(node)


def decide(node: ast.expr, values: Mapping[str, ast.expr]) -> bool | None:
    """Return whether a condition holds; None if that is not known."""
    folded = fold(node, values)
    if isinstance(folded, ast.Constant):
        return bool(folded.value)
    return None


class _Fold(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_expression(self, node: ast.expr) -> ast.expr:
        """Return a folded expression; `visit` may return any node."""
        folded = self.visit(node)
        assert isinstance(folded, ast.expr)
        return folded

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        value = self.values.get(ast.unparse(node))
        return value if value is not None else ast.Attribute(self.visit(node.value), node.attr, node.ctx)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        return _compute(type(node.op), left, right) or ast.BinOp(left, node.op, right)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left, others = self.visit(node.left), [self.visit(each) for each in node.comparators]
        found = _compute(type(node.ops[0]), left, others[0]) if len(others) == 1 else None
        return found or ast.Compare(left, node.ops, others)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not) and isinstance(operand, ast.Constant):
            return ast.Constant(not operand.value)
        return ast.UnaryOp(node.op, operand)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        values: list[ast.expr] = [self.visit(each) for each in node.values]
        decisive = isinstance(node.op, ast.Or)
        while len(values) > 1 and isinstance(values[0], ast.Constant):
            if bool(values[0].value) == decisive:
                return values[0]
            del values[0]
        return ast.BoolOp(node.op, values) if len(values) > 1 else values[0]

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test, body, other = (self.visit_expression(each) for each in (node.test, node.body, node.orelse))
        if isinstance(test, ast.Constant):
            return body if test.value else other
        return ast.IfExp(test, body, other)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        args = [self.visit(each) for each in node.args]
        keywords = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        if isinstance(node.func, ast.Name) and node.func.id == "int" and len(args) == 1:
            number = args[0].value if isinstance(args[0], ast.Constant) else None
            if isinstance(number, int | float):
                return ast.Constant(int(number))
        return ast.copy_location(ast.Call(self.visit(node.func), args, keywords), node)


def _compute(operation: type[ast.AST], left: ast.expr, right: ast.expr) -> ast.expr | None:
    """Return the result of an operation on two constants; None if there is none."""
    compute = OPERATORS.get(operation)
    if compute is None or not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)):
        return None
    if isinstance(left.value, str) != isinstance(right.value, str) and operation is ast.Mult:
        return None
    try:
        value = compute(left.value, right.value)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return None if isinstance(value, int | float) and abs(value) > LARGEST else ast.Constant(value)
