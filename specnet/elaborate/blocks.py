"""Blocks: a call binds the parameters, opens a scope of its own and runs the lines there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specnet.diagnostics import Code, Label
from specnet.elaborate.scope import UNSET, Scope, Value
from specnet.elaborate.scope import Label as LineLabel
from specnet.foreign import closest_word
from specnet.graph import ModuleScope, ValueRef
from specnet.syntax import tree

if TYPE_CHECKING:
    from specnet.elaborate.lines import Elaborator


def call_block(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """The value after a block's last line."""
    found = scope.block(call.word.text)
    assert found
    block, home = found
    name = scope.path.removesuffix(".") if scope.single_call and not label else scope.name_for(call.word.text, label)
    if call.word.text in scope.active:
        chain = " → ".join((*scope.active[scope.active.index(call.word.text) :], call.word.text))
        message = f"the block `{call.word.text}` calls itself and would never end: {chain}"
        elaborator.build.say(Code.E201, message, call.word.span)
        return None
    if call.body or call.alternative is not None:
        elaborator.build.say(Code.E106, f"`{call.word.text}` takes no braces", call.word.span)
    too_many = sum(argument.key is None for argument in call.arguments) > len(block.parameters)
    if too_many:
        from specnet.foreign.arguments import recognise_comment

        if hint := recognise_comment(call.arguments):
            elaborator.build.complain(hint)
            return None
    active = (*scope.active, call.word.text)
    inner = Scope(f"{name}.", home, True, trace=(*scope.trace, call.span), active=active)
    if not _bind_parameters(elaborator, block, call, scope, inner, value):
        return None
    values = tuple((key, None if given is UNSET else given) for key, given in inner.variables.items())
    elaborator.build.scopes[name] = ModuleScope(call.word.text, values)
    return elaborator.run(block.body.lines, inner, value)


def _bind_parameters(
    elaborator: Elaborator, block: tree.Block, call: tree.Call, scope: Scope, inner: Scope, value: Value
) -> bool:
    """Gives each parameter its value; says what is wrong and returns False if the call does not fit."""
    fits = True
    names = [parameter.name.text for parameter in block.parameters]
    places = dict[str, tree.Argument]()
    for argument in call.arguments:
        name = argument.key.text if argument.key else next((n for n in names if n not in places), None)
        if name is None or name not in names or name in places:
            _say_misplaced(elaborator, block, argument, names, places.get(name or ""), scope)
            fits = False
        else:
            places[name] = argument
            inner.variables[name] = _given(elaborator, argument.value, scope, value, inner, name)
    for parameter in block.parameters:
        elaborator.build.declared[parameter.name.text] = parameter.name.span
        if parameter.name.text not in inner.variables and fits:
            fits = _has_default(elaborator, block, parameter, call, scope, inner, value)
    return fits


def _has_default(
    elaborator: Elaborator,
    block: tree.Block,
    parameter: tree.Parameter,
    call: tree.Call,
    scope: Scope,
    inner: Scope,
    value: Value,
) -> bool:
    """Gives a parameter that the call leaves out its default; says so if it has none."""
    if parameter.default is None:
        message = f"`{block.name.text}` needs `{parameter.name.text}`"
        declared = Label(parameter.span, "declared here", primary=False)
        elaborator.build.say(Code.E111, message, call.span, declared, trace=scope.trace)
        return False
    inner.variables[parameter.name.text] = elaborator.value_of(parameter.default, inner, value)
    return True


def _given(
    elaborator: Elaborator, expression: tree.Expression, scope: Scope, value: Value, inner: Scope, name: str
) -> Any:
    """An argument's value; a tap is also known in the block by the parameter's name."""
    given = elaborator.value_of(expression, scope, value)
    if isinstance(given, ValueRef):
        inner.taps[name] = given.name
    elif given is UNSET:
        inner.taps[name] = None
    return given


def _say_misplaced(
    elaborator: Elaborator,
    block: tree.Block,
    argument: tree.Argument,
    names: list[str],
    first: tree.Argument | None,
    scope: Scope,
) -> None:
    """An argument that is there twice, that no parameter has, or that is one too many."""
    takes = Label(block.name.span, f"takes {', '.join(names) or 'no values'}", primary=False)
    if first and argument.key:
        message = f"`{argument.key.text}` is given twice"
        elaborator.build.say(Code.E113, message, argument.span, Label(first.span, "first here", primary=False))
    elif argument.key:
        meant = closest_word(argument.key.text, names)
        message = f"`{block.name.text}` has no parameter `{argument.key.text}`"
        elaborator.build.say(Code.E110, message, argument.key.span, takes, trace=scope.trace, meant=meant)
    else:
        message = f"`{block.name.text}` takes {len(names)} value{'' if len(names) == 1 else 's'}"
        elaborator.build.say(Code.E114, message, argument.span, takes, trace=scope.trace)
