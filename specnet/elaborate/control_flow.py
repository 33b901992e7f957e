"""Walk the lines of `if`, `repeat`, `for` and `same`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from specnet.diagnostics import Code, Label, make_diagnostic, make_replacement
from specnet.elaborate.carried_taps import CarriedTaps
from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.layer_parameters import is_layer_word
from specnet.elaborate.repetition import Rounds, State
from specnet.elaborate.scope import UNSET, LineLabel, Scope, ValueName
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

Branch = tree.Body | tree.If | None
"""The lines that a condition chooses, None for none; `tree.If` where the condition is unknown or wrong."""


def choose_branch(element: tree.If, context: Context, value: ValueName) -> Branch:
    """Return the first branch whose condition holds; reports a condition that has no value."""
    branch: Branch = element
    while isinstance(branch, tree.If):
        try:
            holds = evaluate_condition(branch.condition, context.lookup(value))
        except UnknownShape:
            return branch
        except EvaluationError as error:
            context.report_no_value(error)
            return branch
        branch = branch.body if holds else branch.otherwise
    return branch


def walk_if(element: tree.If, context: Context, value: ValueName) -> ValueName:
    """Walk the first branch whose condition holds; return None if a condition is unknown or wrong."""
    if element.body.arms and not _is_never_walked(element):
        context.report(Code.E106, "the arms of `if` stand within a join, after a bar", element.body.span)
    branch = choose_branch(element, context, value)
    if isinstance(branch, tree.If):
        if context.is_uncalled:
            _check_branches(branch, context)
        return None
    return context.walk(branch.lines, value) if branch else value


def _is_never_walked(element: tree.If) -> bool:
    """Return whether the condition is `no`, as that of the placeholder of an unreadable line, which may be a join."""
    return isinstance(element.condition, tree.Name) and element.condition.text == "no"


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


def walk_loop(element: tree.Repeat | tree.For, context: Context, value: ValueName) -> ValueName:
    """Walk the body of `repeat` or `for` once for each turn; return None if their number is unknown or wrong."""
    turns = list_turns(element, context, value)
    return None if turns is None else LoopStatement.of(element).walk(turns, context, value)


def list_turns(element: tree.Repeat | tree.For, context: Context, value: ValueName) -> Sequence[Any] | None:
    """Return the value of the variable in each turn; None, after a report, if that is unknown or wrong."""
    if isinstance(element, tree.Repeat):
        turns: Sequence[Any] | None = _count(element.count, context, value)
    elif unmarked := _find_unmarked(element, context):
        _report_unmarked(unmarked, context)
        turns = None
    elif layers := _find_layers(element, context):
        message = "`for` takes values, and no layers; a block takes layers, `block unit(act={ relu }) { … }`"
        context.report_in_call(Code.E102, message, *layers)
        turns = None
    else:
        parts = [_list_values(item, context, value) for item in element.values]
        turns = None if None in parts else [current for part in parts for current in part or ()]
    return [UNSET] if context.is_uncalled else turns


def _find_layers(element: tree.For, context: Context) -> list[Span]:
    """Return the places of layers and blocks among the values of a `for`."""
    words = [each for each in element.values if isinstance(each, tree.Name) and is_layer_word(each.text, context)]
    return [word.span for word in words if not context.scope.find_variable(word.text)[0]]


def _find_unmarked(element: tree.For, context: Context) -> list[tree.Name]:
    """Return `carry` and the words behind it among the values of a `for`, whose taps lack their `@`."""
    words = [each for each in element.values if isinstance(each, tree.Name)]
    at = next((at for at, word in enumerate(words) if word.text == "carry"), len(words))
    return words[at:] if words[at:] and not context.scope.find_variable("carry")[0] else []


def _report_unmarked(words: list[tree.Name], context: Context) -> None:
    span = words[0].span.to(words[-1].span)
    text = " ".join(["carry", *(f"@{word.text}" for word in words[1:])])
    message = f"carried values are written as `{text if words[1:] else 'carry @x'}`"
    fixes = [make_replacement(span, text, safe=True)] if words[1:] else []
    context.add_diagnostics([make_diagnostic(Code.E106, message, span, fixes=fixes)], context.scope.trace)


def _list_values(item: tree.Expression, context: Context, value: ValueName) -> Sequence[Any] | None:
    """Return the values of one item behind `in`: the numbers of a range, or the value of an expression."""
    return _count(item, context, value) if isinstance(item, tree.Range) else [context.evaluate(item, value)]


def _count(count: tree.Expression, context: Context, value: ValueName) -> range | None:
    """Return the numbers of `low..high`, or those below a number; None, after a report, if they are unknown or wrong.

    Raises LimitExceeded.
    """
    bounds = _evaluate_bounds(count, context, value)
    if bounds is None:
        return None
    low, high = bounds
    if high < low:
        context.report(Code.E112, f"a repetition cannot run {high - low} times", count.span)
        return None
    if high - low > MAX_NODES:
        times = quote_value(high - low)
        raise LimitExceeded(f"a repetition runs at most {MAX_NODES:,} times, not {times}", count.span)
    return range(low, high)


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


class LoopStatement(Record):
    """A `repeat` or `for`."""

    word: str
    variable: tree.Name | None
    body: tree.Body
    carried: tuple[tree.Tap, ...]
    header: Span

    @staticmethod
    def of(element: tree.Repeat | tree.For) -> LoopStatement:
        """Return the loop of an element of the tree; its head is the part that a trace shows."""
        if isinstance(element, tree.For):
            header = element.variable.span.to(element.values[-1].span)
            return LoopStatement("for", element.variable, element.body, element.carried, header)
        header = (element.variable or element.count).span.to(element.count.span)
        return LoopStatement("repeat", element.variable, element.body, element.carried, header)

    def walk(self, values: Iterable[Any], context: Context, value: ValueName) -> ValueName:
        """Walk the body once for each value, in the scopes `NAME.0`, `NAME.1`, …"""
        if self.body.arms:
            context.report(Code.E106, f"the arms of `{self.word}` stand within a join, after a bar", self.body.span)
        name = context.take_name(self.word)
        taps = CarriedTaps.of(self.carried, self.body.span, self.word == "repeat", context)
        state = (value, *taps.find(context))
        context.graph.scopes[name] = ModuleScope(self.word, carried=taps.list_references(state[1:]))
        rounds = Rounds(name, context, partial(self._walk_once, context, taps))
        is_read = self.variable is not None and tree.reads(self.body, self.variable.text)
        for number, current in enumerate(values):
            context.graph.count_step(self.header)
            state = rounds.walk(f"{name}.{number}", current if is_read else None, state)
        taps.name(context, state[1:])
        return state[0]

    def _walk_once(self, context: Context, taps: CarriedTaps, name: str, current: Any, state: State) -> State:
        outer = taps.make_scope(context.scope, state[1:])
        inner = self.make_turn(context.within(outer), name.removeprefix(context.scope.path), current)
        end = inner.walk(self.body.lines, state[0])
        return end, *taps.collect(inner, state[1:])

    def make_turn(self, context: Context, path: str, current: Any) -> Context:
        """Return the context of one turn, in which the variable has the value `current`."""
        inner = context.scope.make_inner(path, single_call=tree.is_single_call(self.body), loop=self.header)
        if self.variable:
            inner.set_variable(self.variable.text, current)
            inner.trace = (*context.scope.trace, self.header)
            context.declare(self.variable.text, self.variable.span)
        return context.within(inner)


def walk_same(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Walk a labelled line again with the same weights: `same LABEL`."""
    name = call.arguments[0].value if len(call.arguments) == 1 else None
    scope, graph = context.scope, context.graph
    if not isinstance(name, tree.Name):
        context.report(Code.E106, "`same` is written `same LABEL`", call.span)
        return None
    home = scope.find_labelled(name.text)
    if home is None:
        meant = context.suggest(name.text, scope.visible_labels())
        context.report_in_call(Code.E202, f"no line above has the label `{name.text}`", name.span, meant=meant)
        return None
    first = len(graph.nodes)
    end = _walk_line_again(name.text, home, context, value)
    originals = [graph.by_name[original] for original in home.labelled[name.text][1]]
    why = _explain_difference(graph, originals, graph.nodes[first:]) if end else ""
    if why:
        graph.mark_broken(first)
        line = Label(home.given[escape_name(name.text)].span, "first here", primary=False)
        context.report_in_call(Code.E305, f"`{name.text}` cannot be repeated here: {why}", call.span, line)
    return None if why else end


def _walk_line_again(name: str, home: Scope, context: Context, value: ValueName) -> ValueName:
    """Walk the elements of a labelled line of the scope `home`; new nodes share the weights of the first ones."""
    scope = context.scope
    chain, originals = home.labelled[name]
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
