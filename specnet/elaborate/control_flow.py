"""Walk the lines of `if`, `repeat`, `for` and `same`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from specnet.diagnostics import Code, Label
from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.repetition import Rounds
from specnet.elaborate.scope import UNSET, LineLabel, ValueName
from specnet.graph import ModuleScope, Node
from specnet.layers.base import Shape, format_shape
from specnet.naming import escape_name
from specnet.printable import format_amount
from specnet.printer.values import format_layer, quote_value
from specnet.records import Record
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, UnknownShape, evaluate_condition, evaluate_integer
from specnet.syntax.limits import MAX_NODES, LimitExceeded


def walk_if(element: tree.If, context: Context, value: ValueName) -> ValueName:
    """Walk the first branch whose condition holds; return None if a condition is unknown or wrong."""
    branch: tree.Body | tree.If | None = element
    while isinstance(branch, tree.If):
        try:
            holds = evaluate_condition(branch.condition, context.lookup(value))
        except UnknownShape:
            if context.is_uncalled:
                _check_branches(branch, context)
            return None
        except EvaluationError as error:
            context.report_no_value(error)
            return None
        branch = branch.body if holds else branch.otherwise
    return context.walk(branch.lines, value) if branch else value


def _check_branches(element: tree.If, context: Context) -> None:
    """Check the names in the branches of a condition that is unknown; each may or may not be walked."""
    branches = [branch for branch in (element.body, element.otherwise) if branch]
    scopes = [context.scope.copy() for _ in branches]
    for branch, scope in zip(branches, scopes, strict=True):
        inner = context.within(scope)
        if isinstance(branch, tree.If):
            walk_if(branch, inner, None)
        else:
            inner.walk(branch.lines, None)
    for scope in scopes:
        context.scope.absorb(scope)


def walk_repeat(element: tree.Repeat, context: Context, value: ValueName) -> ValueName:
    """Walk the body a number of times, or once for each number of a range."""
    bounds = _evaluate_bounds(element.count, context, value)
    header = (element.variable or element.count).span.to(element.count.span)
    loop = _LoopStatement("repeat", element.variable, element.body, header)
    if context.is_uncalled:
        return loop.walk([UNSET], context, value)
    if bounds is None:
        return None
    low, high = bounds
    if high < low:
        context.report(Code.E112, f"a repetition cannot run {high - low} times", element.count.span)
        return None
    if high - low > MAX_NODES:
        times = quote_value(high - low)
        raise LimitExceeded(f"a repetition runs at most {MAX_NODES:,} times, not {times}", element.count.span)
    return loop.walk(range(low, high), context, value)


def _evaluate_bounds(count: tree.Expression, context: Context, value: ValueName) -> tuple[int, int] | None:
    """Return the first number and the one after the last; None if they are unknown, or wrong, which is reported."""
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
    values = [UNSET] if context.is_uncalled else values
    header = element.variable.span.to(element.values[-1].span)
    return _LoopStatement("for", element.variable, element.body, header).walk(values, context, value)


class _LoopStatement(Record):
    word: str
    variable: tree.Name | None
    body: tree.Body
    header: Span

    def walk(self, values: Iterable[Any], context: Context, value: ValueName) -> ValueName:
        """Walk the body once for each value, in the scopes `NAME.0`, `NAME.1`, …"""
        if self.body.arms:
            context.report(Code.E106, f"`{self.word}` takes no arms", self.body.span)
        name = context.take_name(self.word)
        context.graph.scopes[name] = ModuleScope(self.word)
        rounds = Rounds(name, context, partial(self._walk_once, context))
        is_read = self.variable is not None and tree.reads(self.body, self.variable.text)
        for number, current in enumerate(values):
            context.graph.count_step(self.header)
            value = rounds.walk(f"{name}.{number}", current if is_read else None, value)
        return value

    def _walk_once(self, context: Context, name: str, current: Any, value: ValueName) -> ValueName:
        path = name.removeprefix(context.scope.path)
        inner = context.scope.make_inner(path, single_call=tree.is_single_call(self.body))
        if self.variable:
            inner.variables[self.variable.text] = current
            inner.trace = (*context.scope.trace, self.header)
            context.declare(self.variable.text, self.variable.span)
        return context.within(inner).walk(self.body.lines, value)


def walk_same(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Walk a labelled line again with the same weights: `same LABEL`."""
    name = call.arguments[0].value if len(call.arguments) == 1 else None
    scope, graph = context.scope, context.graph
    if not isinstance(name, tree.Name):
        context.report(Code.E106, "`same` is written `same LABEL`", call.span)
        return None
    if name.text not in scope.labelled:
        meant = context.suggest(name.text, scope.labelled)
        context.report_in_call(Code.E202, f"no line above has the label `{name.text}`", name.span, meant=meant)
        return None
    first = len(graph.nodes)
    end = _walk_line_again(name.text, context, value)
    originals = [graph.by_name[original] for original in scope.labelled[name.text][1]]
    why = _explain_difference(graph, originals, graph.nodes[first:]) if end else ""
    if why:
        graph.mark_broken(first)
        line = Label(scope.given[escape_name(name.text)].span, "first here", primary=False)
        context.report_in_call(Code.E305, f"`{name.text}` cannot be repeated here: {why}", call.span, line)
    return None if why else end


def _walk_line_again(name: str, context: Context, value: ValueName) -> ValueName:
    """Walk the elements of a labelled line; the new nodes share the weights of the first ones."""
    scope = context.scope
    chain, originals = scope.labelled[name]
    label = context.label or LineLabel(scope.take_name(name, None).removeprefix(scope.path))
    inner = context.replace(label=label, originals=iter(originals))
    for element in chain.elements:
        if not isinstance(element, tree.Resume):
            value = context.walker.walk_element(element, inner, value)
    return value


def _explain_difference(graph: GraphBuilder, originals: Sequence[Node], again: Sequence[Node]) -> str:
    """Return why the nodes of a repeated line cannot share the weights of the first ones; empty if they can.

    Height and width of the maps may differ; the channels and the layers must be the same.
    """
    if any(node.output is None for node in (*originals, *again)):
        return ""  # an error that is reported already
    for first, node in zip(originals, again, strict=False):
        assert first.layer and node.layer, "a layer without an output is reported already"
        if first.layer != node.layer:
            first_text, text = format_layer(first.layer), format_layer(node.layer)
            return f"`{first.name}` is `{first_text}`, and `{node.name}` would be `{text}`"
        for name, shape in _collect_weight_shapes(graph, first).items():
            if _collect_weight_shapes(graph, node)[name] != shape:
                needed = format_shape(_collect_weight_shapes(graph, node)[name])
                return f"the weights of `{first.name}` are {format_shape(shape)}, and `{node.name}` needs {needed}"
    if len(originals) != len(again):
        return f"the line had {format_amount(len(originals), 'layer')}, and would have {len(again)} here"
    return ""


def _collect_weight_shapes(graph: GraphBuilder, node: Node) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes of the parameters and buffers of a node, by name."""
    shapes: list[Shape | None] = [graph.shapes[name] for name in node.inputs]
    assert node.layer, "only nodes with an output are compared"
    known = tuple(shape for shape in shapes if shape)
    return {**node.layer.parameters(known), **node.layer.buffers(known)}
