"""Joins: `add`, `mul`, `concat` of arms, or of what arrives with named values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specnet.diagnostics import Code
from specnet.elaborate.binding import bind
from specnet.elaborate.build import Place
from specnet.elaborate.scope import UNSET, Label, Scope, Value
from specnet.graph import ValueRef
from specnet.layers.base import Layer
from specnet.syntax import tree

if TYPE_CHECKING:
    from specnet.elaborate.lines import Elaborator


def join(
    elaborator: Elaborator, kind: type[Layer], call: tree.Call, scope: Scope, value: Value, label: Label | None
) -> Value:
    """Adds the node that joins the arms' ends, or the value that arrives and the taps that are named."""
    word = call.word.text
    inputs = list[Value]()
    if call.body and not call.body.arms:
        message = f"the arms of `{word}` begin with a bar: `{word} {{ | … | … }}`"
        elaborator.build.say(Code.E106, message, call.body.span)
        return None
    inputs += _arms(elaborator, call.body, scope, value) if call.body else [value]
    arguments = list[tree.Argument]()
    for argument in call.arguments:
        if _is_tap(argument, scope):
            given = elaborator.value_of(argument.value, scope, value)
            inputs.append(given.name if isinstance(given, ValueRef) else None)
        else:
            arguments.append(argument)
    if len(inputs) < 2:
        message = f"`{word}` joins at least two values: arms, or what arrives and `@name`"
        elaborator.build.say(Code.E202, message, call.word.span, trace=scope.trace)
        return None
    bound = bind(kind, call.word, arguments, elaborator.lookup(scope, value), scope.default(word))
    for diagnostic in bound.diagnostics:
        elaborator.build.complain(diagnostic, scope.trace)
    place = Place(call.span, call.word.span, bound.spans, scope.trace)
    return elaborator.build.add(
        scope.name_for(word, label), word, bound.attributes, inputs, place, elaborator.next_shared()
    )


def _is_tap(argument: tree.Argument, scope: Scope) -> bool:
    """Whether a positional argument is a tap, or a parameter that was given one, known or not."""
    if argument.key is not None or not isinstance(argument.value, tree.Name):
        return argument.key is None and isinstance(argument.value, tree.Tap)
    given = scope.variable(argument.value.text)[1]
    return given is UNSET or isinstance(given, ValueRef)


def _arms(elaborator: Elaborator, body: tree.Body, scope: Scope, value: Value) -> list[Value]:
    """The value at the end of each arm. Arms with an alternative come last: the others say what they must meet."""
    if body.lines:
        elaborator.build.say(Code.E106, "what stands before the first bar is in no arm", body.lines[0].span)
    ends: list[Value] = [None] * len(body.arms)
    choosing = [_identity_or(arm) for arm in body.arms]
    if all(choosing):
        message = "one arm must have no alternative: it says which shape the others must meet"
        elaborator.build.say(Code.E202, message, body.span)
        return ends
    for i, arm in enumerate(body.arms):
        if not choosing[i]:
            ends[i] = _plain_arm(elaborator, arm, body, scope, value)
    target = ends[choosing.index(None)]
    wanted = elaborator.build.shapes[target] if target else None
    for i, choice in enumerate(choosing):
        arriving = elaborator.build.shapes[value] if value else None
        if choice and wanted and arriving:
            ends[i] = value if arriving == wanted else elaborator.run(choice.alternative or (), scope, value)
    return ends


def _plain_arm(elaborator: Elaborator, arm: tree.Lines, body: tree.Body, scope: Scope, value: Value) -> Value:
    if not arm:
        elaborator.build.say(Code.E106, "an arm is empty; an arm that changes nothing is `identity`", body.span)
        return None
    only = _only_call(arm)
    if only and only.word.text == "identity" and not only.arguments:
        return value
    return elaborator.run(arm, scope, value)


def _identity_or(arm: tree.Lines) -> tree.Call | None:
    """The call, if the arm is `identity or { … }`."""
    call = _only_call(arm)
    return call if call and call.word.text == "identity" and call.alternative is not None else None


def _only_call(arm: tree.Lines) -> tree.Call | None:
    """The arm's call, if it is a single unlabelled one."""
    if len(arm) != 1 or not isinstance(arm[0], tree.Chain) or arm[0].label or len(arm[0].elements) != 1:
        return None
    element = arm[0].elements[0]
    return element if isinstance(element, tree.Call) else None
