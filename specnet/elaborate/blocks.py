"""Define blocks, and expand their calls, each in a scope of its own."""

from __future__ import annotations

from collections.abc import Collection

from specnet.diagnostics import Code, Label, make_diagnostic, make_replacement
from specnet.elaborate.block_arguments import ArgumentBinder
from specnet.elaborate.context import SHAPE_NAMES, Context
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.layer_parameters import (
    check_layer_parameter,
    define_layers,
)
from specnet.elaborate.scope import ARRIVING, UNSET, DefinedBlock, ValueName
from specnet.graph import ModuleScope
from specnet.layers import list_kinds
from specnet.source import Source
from specnet.syntax import tree


def define_block(block: tree.Block, context: Context, statements: Collection[str]) -> None:
    """Define `block NAME(PARAMETERS) { … }`; reports a name that is taken, or is that of a layer or of a statement."""
    name = block.name.text
    known = context.scope.find_block(name)
    if known:
        first = Label(known.block.name.span, "first here", primary=False)
        context.report(Code.E103, f"there is already a block `{name}`", block.name.span, first)
    elif name in statements or name in list_kinds():
        what = "a layer" if name in list_kinds() else "a word of the language"
        context.report(Code.E107, f"a block cannot be called `{name}`: that is {what}", block.name.span)
    elif block.body.arms:
        context.report(Code.E106, "`block` takes no arms", block.body.span)
    else:
        _check_parameters(block, context, statements)
        context.blocks.defined.append(context.scope.define_block(block))
        context.declare(name, block.name.span)


def _check_parameters(block: tree.Block, context: Context, statements: Collection[str]) -> None:
    seen = dict[str, tree.Parameter]()
    for parameter in block.parameters:
        name = parameter.name.text
        if name in SHAPE_NAMES:
            report_shape_name(parameter.name, context)
        elif name in seen:
            first = Label(seen[name].span, "first here", primary=False)
            context.report(Code.E103, f"the parameter `{name}` is declared twice", parameter.span, first)
        elif parameter.layers:
            check_layer_parameter(parameter.name, parameter.layers, context, statements)
        seen[name] = parameter


def report_shape_name(name: tree.Name, context: Context) -> None:
    """Report that C, H, W or L is declared as a name."""
    message = f"`{name.text}` cannot be declared: it stands for the shape of each layer's input"
    context.report(Code.E107, message, name.span)


def call_block(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Walk the lines of a block and return the value after the last one."""
    found = context.scope.find_block(call.word.text)
    assert found, "the caller has looked the block up"
    block = found.block
    context.blocks.called.add(block.span)
    name = _take_name(call, context)
    active = (*(found.home if found.is_parameter else context.scope).active, call.word.text)
    context.graph.count_step(call.word.span, len(block.parameters))
    if not _can_be_called(call, found, context):
        return None
    inner = found.make_scope(name, active, (*context.scope.trace, call.span))
    inner.taps[ARRIVING] = value
    binder = ArgumentBinder(block, call, context, inner, value)
    if not binder.bind():
        return None
    is_unknown = context.is_uncalled and not found.is_parameter
    if context.label:
        context.scope.record_call(context.label.text, call.word.text, None if is_unknown else inner)
    if is_unknown:
        return None
    values, defaults = binder.list_values(), binder.list_defaults()
    context.graph.scopes[name] = ModuleScope(call.word.text, values, defaults, found.is_parameter)
    return context.within(inner).walk(block.body.lines, value)


def check_uncalled_blocks(source: Source, context: Context) -> None:
    """Check the blocks of a file that nobody calls as far as their text tells: names, attributes, numbers of values.

    What depends on their input or their parameters is unknown, so that it gives no errors.
    """
    graph = context.graph
    for defined in context.blocks.take_uncalled(source):
        block = defined.block
        apart = GraphBuilder(graph.log, has_gaps=True, lacks_blocks=graph.lacks_blocks, steps=graph.steps)
        inner = defined.make_scope(block.name.text, (block.name.text,))
        inner.taps[ARRIVING] = None
        uncalled = context.replace(graph=apart, scope=inner, is_uncalled=True)
        for parameter in block.parameters:
            if parameter.default:
                uncalled.evaluate(parameter.default, None)
            if parameter.layers:
                define_layers(parameter.name, parameter.layers, inner, inner)
            else:
                inner.variables[parameter.name.text], inner.taps[parameter.name.text] = UNSET, None
        uncalled.walk(block.body.lines, None)
        graph.steps = apart.steps


def _take_name(call: tree.Call, context: Context) -> str:
    if context.scope.single_call and not context.label:
        return context.scope.path.removesuffix(".")
    return context.take_name(call.word.text)


def _can_be_called(call: tree.Call, found: DefinedBlock, context: Context) -> bool:
    """Return whether a call can be expanded; reports endless recursion, braces, and values for given layers."""
    word, active = call.word.text, context.scope.active
    if found.is_parameter and (call.arguments or call.layers):
        first = (*call.arguments, *call.layers)[0]
        declared = Label(found.block.body.span, "these are its layers here", primary=False)
        message = f"`{word}` stands for the layers that a call gives, and takes no values of its own"
        context.report_in_call(Code.E114, message, first.span, declared)
        return False
    if found.is_parameter and found.block.body.span.contains(call.word.span):
        context.report(Code.E201, f"`{word}` stands for itself, and so for no layers", call.word.span)
        return False
    if word in active and not found.is_parameter:
        chain = " → ".join((*active[active.index(word) :], word))
        help = "`repeat` repeats lines; layers within layers are given to a parameter, `inner={ … }`"
        context.report(Code.E201, f"the block `{word}` calls itself: {chain}", call.word.span, help=help)
        return False
    if call.body or call.alternative is not None:
        _report_braces(call, found, context)
    return True


def _report_braces(call: tree.Call, found: DefinedBlock, context: Context) -> None:
    """Report braces behind a call, which may be layers for a parameter without its name."""
    keys = [parameter.name.text for parameter in found.block.parameters if parameter.layers]
    fixes = []
    if call.body and len(keys) == 1 and not call.layers:
        fixes = [make_replacement(call.body.span, f"{keys[0]}={call.body.span.text}")]
    found_braces = make_diagnostic(Code.E106, f"`{call.word.text}` takes no braces", call.word.span, fixes=fixes)
    context.add_diagnostics([found_braces])
