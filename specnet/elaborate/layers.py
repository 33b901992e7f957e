"""Add layers: a call binds the attributes of its kind and adds a node; a join reads several arms or taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from operator import not_

from specnet.diagnostics import Code, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.binding import bind_attributes
from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import Place
from specnet.elaborate.scope import UNSET, ValueName
from specnet.graph import ValueRef
from specnet.layers import get_layer_class
from specnet.layers.base import Layer
from specnet.layers.base.traits import Trait, spell_number
from specnet.source import Span
from specnet.syntax import tree

SIGNS = ("+", "-", "*", "/")
"""Operators with which other languages join values."""


def add_layer(kind: type[Layer], call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Add a layer that reads one value; returns its name."""
    if call.body or call.alternative is not None:
        context.report(Code.E106, f"`{call.word.text}` takes no braces", call.word.span)
    return _add_node(kind, call, call.arguments, context, value, [value])


def add_join(kind: type[Layer], call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Add a layer that reads the ends of its arms, or the value that reaches it, and the taps among its arguments."""
    word = call.word.text
    if call.body and not call.body.arms:
        message = f"the arms of `{word}` begin with a bar: `{word} {{ | … | … }}`"
        context.report(Code.E106, message, call.body.span)
        return None
    untapped, unnamed = _report_untapped(call, context, value), _report_unnamed(kind, call, context)
    if untapped or unnamed:
        return None
    inputs = _walk_arms(call.body, context, value) if call.body else [value]
    are_taps = [_is_tap(argument, context) for argument in call.arguments]
    taps = [*compress(call.arguments, are_taps)]
    inputs += [_value_of_tap(argument, context) for argument in taps]
    if not kind.arity.admits(len(inputs)):
        given = spell_number(len(inputs))
        message = f"`{word}` joins {kind.arity}, not {given}: its arms, or its input and `@name`"
        lines = [line for arm in (call.body.arms if call.body else ()) for line in arm[1:]]
        labels = [Label(line.span, "no bar before this", primary=False) for line in lines]
        bars = [Fix(f"| {line.span.text}", (Edit(line.span, f"| {line.span.text}"),)) for line in lines]
        found = make_diagnostic(Code.E202, message, call.word.span, *labels, fixes=bars)
        context.add_diagnostics([found], context.scope.trace)
        return None
    others = tuple(compress(call.arguments, map(not_, are_taps)))
    return _add_node(kind, call, others, context, value, inputs)


def _report_untapped(call: tree.Call, context: Context, value: ValueName) -> bool:
    """Report inputs of a join that are named without `@`, or joined by an operator; return whether there are any.

    The fix leaves out the value that arrives along the chain, which the join reads in any case.
    """
    named = {
        argument.value.span: names
        for argument in call.arguments
        if not (argument.key or _is_tap(argument, context)) and (names := _name_taps(argument.value, context))
    }
    if named:
        arriving = {tap for taps in named.values() for tap in taps if context.scope.find_tap(tap)[1] == value}
        others = {span: [tap for tap in taps if tap not in arriving] for span, taps in named.items()}
        taps = others if any(others.values()) else named
        title = " ".join(f"@{tap}" for span in taps for tap in taps[span])
        fix = Fix(title, tuple(_write_taps(span, taps[span]) for span in taps), safe=True)
        message = f"`{call.word.text}` takes its inputs as `@name`, one after the other"
        context.add_diagnostics([make_diagnostic(Code.E202, message, *named, fixes=[fix])], context.scope.trace)
    return bool(named)


def _report_unnamed(kind: type[Layer], call: tree.Call, context: Context) -> bool:
    """Report words among the inputs of a join that name no value; return whether there are any."""
    words = [argument.value for argument in call.arguments if not argument.key]
    unnamed = [word for word in words if isinstance(word, tree.Name) and _means_nothing(word.text, kind, context)]
    for word in unnamed:
        meant = context.suggest(word.text, context.scope.visible_taps())
        message = f"no value above is named `{word.text}`; `{call.word.text}` takes its inputs as `@name`"
        context.report_in_call(Code.E202, message, word.span, meant=meant and f"@{meant}", is_certain=False)
    return bool(unnamed)


def _means_nothing(word: str, kind: type[Layer], context: Context) -> bool:
    """Whether a word is no attribute of a kind and no name of a value here."""
    scope = context.scope
    return not (kind.positional or word in kind.words or scope.find_variable(word)[0] or scope.find_tap(word)[0])


def _write_taps(span: Span, taps: Sequence[str]) -> Edit:
    """Replace an argument by these taps; without any, the blank before it goes, too."""
    blank = 0 if taps else 1
    return Edit(replace(span, start=span.start - blank), " ".join(f"@{tap}" for tap in taps))


def _name_taps(value: tree.Expression, context: Context) -> list[str]:
    """Return `a` and `b` for `a`, `@a + @b` and the like, if values above have these names; none for anything else."""
    from specnet.foreign.operators import list_operands

    parts = list_operands(value, *SIGNS)
    taps = [part.name if isinstance(part, tree.Tap) else getattr(part, "text", "") for part in parts]
    return taps if all(context.scope.find_tap(tap)[0] for tap in taps) else []


def _add_node(
    kind: type[Layer],
    call: tree.Call,
    arguments: tuple[tree.Argument, ...],
    context: Context,
    value: ValueName,
    inputs: list[ValueName],
) -> str:
    """Add a node with the attributes of its arguments; if they are wrong, it has no layer and no shape."""
    scope, word = context.scope, call.word
    defaults, rounding = scope.collect_defaults(word.text), scope.find_rounding()
    if rounding and "rounding" in kind.model_fields:
        defaults = {"rounding": rounding} | defaults
    bound = bind_attributes(kind, word, arguments, context.lookup(value), defaults)
    context.add_diagnostics(bound.diagnostics, scope.trace)
    place = Place(call.span, word.span, bound.spans, scope.trace)
    original = next(context.originals, None) if context.originals else None
    return context.graph.add_node(context.take_name(word.text), word.text, bound.attributes, inputs, place, original)


def _is_tap(argument: tree.Argument, context: Context) -> bool:
    """Return whether a positional argument is a tap, or a name that stands for a value of the network, known or not."""
    if argument.key is not None or not isinstance(argument.value, tree.Name):
        return argument.key is None and isinstance(argument.value, tree.Tap)
    variable = context.scope.find_variable(argument.value.text)[1]
    return variable is UNSET or isinstance(variable, ValueRef)


def _value_of_tap(argument: tree.Argument, context: Context) -> ValueName:
    given = context.evaluate(argument.value, None)
    return given.name if isinstance(given, ValueRef) else None


def _walk_arms(body: tree.Body, context: Context, value: ValueName) -> list[ValueName]:
    """Return the value at the end of each arm; the arms `identity or { … }` meet the shape of the first other one."""
    if body.lines:
        context.report(Code.E106, "lines before the first bar belong to no arm", body.lines[0].span)
    ends: list[ValueName] = [None] * len(body.arms)
    choices = [_identity_or(arm) for arm in body.arms]
    if all(choices):
        message = "one arm must have no alternative, since it sets the shape for the others"
        context.report(Code.E202, message, body.span)
        return ends
    for i, arm in enumerate(body.arms):
        if not choices[i]:
            ends[i] = _walk_arm(arm, body, context, value)
    other = ends[choices.index(None)]
    target, shape = _shape_of(other, context), _shape_of(value, context)
    if any(choices) and value and other:
        context.graph.shape_uses.pairs.add((value, other))
    for i, choice in enumerate(choices):
        if choice and (context.is_uncalled or (target and shape)):
            ends[i] = value if shape and shape == target else context.walk(choice.alternative or (), value)
    return ends


def _shape_of(value: ValueName, context: Context) -> tuple[int, ...] | None:
    return context.graph.shapes[value] if value else None


def _walk_arm(arm: tree.Lines, body: tree.Body, context: Context, value: ValueName) -> ValueName:
    if not arm:
        bar = _find_empty_arm(body)
        message = "the arm is empty; `identity` passes its input on unchanged"
        fixes = [make_replacement(bar, "", "without the bar"), make_replacement(bar, "| identity")]
        context.add_diagnostics([make_diagnostic(Code.E106, message, bar, fixes=fixes)], context.scope.trace)
        return None
    only = _only_call(arm)
    if only and _is_identity(only) and not only.arguments:
        return value
    return context.walk(arm, value)


def _find_empty_arm(body: tree.Body) -> Span:
    """Return the bar of the first arm without lines, which the tree does not hold."""
    start = body.span.start
    for arm in body.arms:
        bar = body.span.source.text.find("|", start)
        if not arm:
            return body.span.source.span(bar, bar + 1) if bar >= 0 else body.span
        start = arm[-1].span.end
    return body.span


def _identity_or(arm: tree.Lines) -> tree.Call | None:
    """Return the call of an arm that is `identity or { … }`, else None."""
    call = _only_call(arm)
    return call if call and _is_identity(call) and call.alternative is not None else None


def _is_identity(call: tree.Call) -> bool:
    kind = get_layer_class(call.word.text)
    return kind is not None and Trait.IDENTITY in kind.kind_traits


def _only_call(arm: tree.Lines) -> tree.Call | None:
    """Return the call of an arm that consists of one call without a label, else None."""
    if len(arm) != 1 or not isinstance(arm[0], tree.Chain) or arm[0].label or len(arm[0].elements) != 1:
        return None
    element = arm[0].elements[0]
    return element if isinstance(element, tree.Call) else None
