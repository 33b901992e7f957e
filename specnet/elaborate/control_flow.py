"""`if`, `repeat` and `for`: which lines are walked, how often, and with which variable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from specnet.diagnostics import Code
from specnet.elaborate.context import Context
from specnet.elaborate.scope import ValueName
from specnet.graph import ModuleScope
from specnet.printer.values import quote_value
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, UnknownShape, evaluate_condition, evaluate_integer
from specnet.syntax.limits import MAX_NODES, LimitExceeded


def walk_if(element: tree.If, context: Context, value: ValueName) -> ValueName:
    """Walk the first branch whose condition holds; returns None where a condition is unknown or wrong."""
    branch: tree.Body | tree.If | None = element
    while isinstance(branch, tree.If):
        try:
            holds = evaluate_condition(branch.condition, context.lookup(value))
        except UnknownShape:
            return None
        except EvaluationError as error:
            context.report_no_value(error)
            return None
        branch = branch.body if holds else branch.otherwise
    return context.walk(branch.lines, value) if branch else value


def walk_repeat(element: tree.Repeat, context: Context, value: ValueName) -> ValueName:
    """Walk the body a number of times, or once for each number of a range."""
    bounds = _evaluate_bounds(element.count, context, value)
    if bounds is None:
        return None
    low, high = bounds
    if high < low:
        context.report(Code.E112, f"a repetition cannot run {high - low} times", element.count.span)
        return None
    if high - low > MAX_NODES:
        times = quote_value(high - low)
        raise LimitExceeded(f"a repetition runs at most {MAX_NODES:,} times, not {times}", element.count.span)
    header = (element.variable or element.count).span.to(element.count.span)
    return _Loop("repeat", element.variable, element.body, header).walk(range(low, high), context, value)


def _evaluate_bounds(count: tree.Expression, context: Context, value: ValueName) -> tuple[int, int] | None:
    """Return the first number and the one after the last; None where they are unknown or, as is reported, wrong."""
    lookup = context.lookup(value)
    try:
        if isinstance(count, tree.Range):
            return evaluate_integer(count.low, lookup), evaluate_integer(count.high, lookup)
        return 0, evaluate_integer(count, lookup)
    except UnknownShape:
        return None
    except EvaluationError as error:
        context.report_no_value(error)
        return None


def walk_for(element: tree.For, context: Context, value: ValueName) -> ValueName:
    """Walk the body once for each of the values."""
    values = [context.evaluate(item, value) for item in element.values]
    header = element.variable.span.to(element.values[-1].span)
    return _Loop("for", element.variable, element.body, header).walk(values, context, value)


@dataclass(frozen=True)
class _Loop:
    word: str
    variable: tree.Name | None
    body: tree.Body
    header: Span

    def walk(self, values: Iterable[Any], context: Context, value: ValueName) -> ValueName:
        """Walk the body once for each value, in the scopes `NAME.0`, `NAME.1`, …"""
        if self.body.arms:
            context.report(Code.E106, f"`{self.word}` takes no arms", self.body.span)
        name = context.name_for(self.word)
        context.graph.scopes[name] = ModuleScope(self.word)
        for number, current in enumerate(values):
            context.graph.count_step(self.header)
            value = self._walk_once(f"{name.removeprefix(context.scope.path)}.{number}", current, context, value)
        return value

    def _walk_once(self, name: str, current: Any, context: Context, value: ValueName) -> ValueName:
        inner = context.scope.inner(name, single_call=tree.is_single_call(self.body))
        if self.variable:
            inner.variables[self.variable.text] = current
            inner.trace = (*context.scope.trace, self.header)
            context.declare(self.variable.text, self.variable.span)
        return context.within(inner).walk(self.body.lines, value)
