"""Add layers: a call binds the attributes of its kind and adds a node; a join reads several arms or taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from operator import not_

from specnet.diagnostics import Code, Edit, Fix, Label, make_diagnostic
from specnet.elaborate.arms import Arms
from specnet.elaborate.binding import bind_attributes
from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import Place
from specnet.elaborate.like import take_like
from specnet.elaborate.scope import UNSET, ValueName
from specnet.graph import ValueRef
from specnet.layers.base import Layer
from specnet.layers.base.layer import LIKE
from specnet.layers.base.traits import spell_number
from specnet.source import Span
from specnet.syntax import tree

SIGNS = ("+", "-", "*", "/")
"""Operators with which other languages join values."""


def add_layer(kind: type[Layer], call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Add a layer that reads one value; returns its name."""
    if call.body or call.alternative is not None:
        has_arms = call.body is not None and bool(call.body.arms)
        what = "arms of its own: join them before, as in `concat { | … | … }`" if has_arms else "braces"
        context.report(Code.E106, f"`{call.word.text}` takes no {what}", call.word.span)
    _report_layers(call, context)
    return _add_node(kind, call, call.arguments, context, value, [value])


def add_join(kind: type[Layer], call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Add a layer that reads the ends of its arms, or the value that reaches it, and the taps among its arguments."""
    word = call.word.text
    _report_layers(call, context)
    if call.body and not call.body.arms:
        message = f"the arms of `{word}` begin with a bar: `{word} {{ | … | … }}`"
        context.report(Code.E106, message, call.body.span)
        return None
    untapped, unnamed = _report_untapped(call, context, value), _report_unnamed(kind, call, context)
    if untapped or unnamed:
        return None
    arms = Arms(value)
    if call.body:
        arms.add(call.body, context)
    inputs = arms.walk(context) if call.body else [value]
    are_taps = [_is_tap(argument, context) for argument in call.arguments]
    taps = [*compress(call.arguments, are_taps)]
    inputs += [_value_of_tap(argument, context) for argument in taps]
    if arms.variable and len(inputs) < 2 and kind.arity.most is None:
        return _take_only(inputs, arms, call, context)
    if arms.is_complete and not kind.arity.admits(len(inputs)):
        given = spell_number(len(inputs))
        message = f"`{word}` joins {kind.arity}, not {given}: its arms, or its input and `@name`"
        lines = [line for arm in (call.body.arms if call.body else ()) for line in arm[1:]]
        labels = [Label(line.span, "no bar before this", primary=False) for line in lines]
        bars = [Fix(f"| {line.span.text}", (Edit(line.span, f"| {line.span.text}"),)) for line in lines]
        bars += _offer_inner_bar(arms)
        found = make_diagnostic(Code.E202, message, call.word.span, *labels, fixes=bars)
        context.add_diagnostics([found], context.scope.trace)
        return None
    others = tuple(compress(call.arguments, map(not_, are_taps)))
    return _add_node(kind, call, others, context, value, inputs)


def _offer_inner_bar(arms: Arms) -> list[Fix]:
    """Return the fix that makes each turn of a loop, which is the only arm, an arm of its own."""
    loop = arms.find_only_loop()
    if loop is None or not loop.body.lines:
        return []
    first = loop.body.lines[0].span
    return [Fix("a bar within the loop", (Edit(replace(first, end=first.start), "| "),))]


def _take_only(inputs: list[ValueName], arms: Arms, call: tree.Call, context: Context) -> ValueName:
    """Return the only input that conditions have left to a join, which needs no join; reports one that has none."""
    if inputs or not arms.is_complete:
        return inputs[0]
    labels = [Label(span, "gives no arm here", primary=False) for span in arms.variable]
    message = f"no arm of `{call.word.text}` is left"
    context.report_in_call(
        Code.E202, message, call.word.span, *labels, help="`| identity` passes its input on unchanged"
    )
    return None


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
        if _report_foreign_attribute(kind, word, call, context):
            continue
        meant = context.suggest(word.text, context.scope.visible_taps())
        message = f"no value above is named `{word.text}`; `{call.word.text}` takes its inputs as `@name`"
        context.report_in_call(Code.E202, message, word.span, meant=meant and f"@{meant}", is_certain=False)
    return bool(unnamed)


def _report_foreign_attribute(kind: type[Layer], word: tree.Name, call: tree.Call, context: Context) -> bool:
    """Report another tool's attribute without a value, `attention heads=3 causal`; return whether it is one."""
    from specnet.foreign.counterparts import find_attribute

    meant, absence = find_attribute(kind, word.text)
    if meant or absence:
        message = f"`{call.word.text}` has no attribute `{word.text}`"
        context.report_in_call(Code.E110, message, word.span, help=absence, meant=meant)
    return bool(meant or absence)


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


def _report_layers(call: tree.Call, context: Context) -> None:
    """Report layers in braces, `K={ relu }`, which only a parameter of a block takes."""
    for given in call.layers:
        message = f"`{given.key.text}` of `{call.word.text}` takes a value, not layers in braces"
        context.report(Code.E112, message, given.span)


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
    if kind.size_field:
        arguments, defaults, like = take_like(kind, word, arguments, defaults, context)
        inputs = [*inputs, *like]
    bound = bind_attributes(kind, word, arguments, context.lookup(value), defaults)
    if not call.layers:  # which are reported, and may stand for what is missing
        context.add_diagnostics(bound.diagnostics, scope.trace)
    likes = {LIKE: defaults[LIKE].span} if kind.size_field and LIKE in defaults else {}
    place = Place(call.span, word.span, bound.spans | likes, scope.trace)
    original = next(context.originals, None) if context.originals else None
    return context.graph.add_node(context.take_name(word.text), word.text, bound.attributes, inputs, place, original)


def _is_tap(argument: tree.Argument, context: Context) -> bool:
    """Return whether a positional argument is a tap, or a name that stands for a value of the network, known or not."""
    if argument.key is not None or not isinstance(argument.value, tree.Name):
        return argument.key is None and isinstance(argument.value, tree.Tap)
    variable = context.scope.find_variable(argument.value.text)[1]
    return variable is UNSET or isinstance(variable, ValueRef)


def _report_number(value: tree.Expression, context: Context) -> None:
    from specnet.elaborate.tap_errors import explain_number

    message = f"a join takes values, and `{value.span.text}` is a number"
    found = explain_number(message, value, context.scope) if isinstance(value, tree.Tap) else None
    context.add_diagnostics([found or make_diagnostic(Code.E202, message, value.span)], context.scope.trace)


def _value_of_tap(argument: tree.Argument, context: Context) -> ValueName:
    given = context.evaluate(argument.value, None)
    if given is UNSET:
        return None
    if not isinstance(given, ValueRef):
        _report_number(argument.value, context)
        return None
    return given.name
