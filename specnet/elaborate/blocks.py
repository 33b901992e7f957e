"""Define blocks, and expand their calls, each in a scope of its own."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from specnet.diagnostics import Code, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.context import SHAPE_NAMES, Context
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.scope import ARRIVING, UNSET, DefinedBlock, Scope, ValueName
from specnet.graph import GivenLayers, ModuleScope
from specnet.layers import get_layer_class, list_kinds
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.expressions import CONSTANTS, has_value


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
            _check_layer_parameter(parameter.name, parameter.layers, context, statements)
        seen[name] = parameter


def _check_layer_parameter(name: tree.Name, layers: tree.Body, context: Context, statements: Collection[str]) -> None:
    """Report a parameter that stands for layers, and whose name already stands for something else in a chain."""
    known = context.scope.find_block(name.text)
    if name.text in statements or name.text in list_kinds():
        what = "a layer" if name.text in list_kinds() else "a word of the language"
        message = f"a parameter that stands for layers cannot be called `{name.text}`: that is {what}"
        context.report(Code.E107, message, name.span)
    elif known:
        first = Label(known.block.name.span, "first here", primary=False)
        context.report(Code.E103, f"there is already a block `{name.text}`", name.span, first)
    _report_no_chain(name.text, layers, context)


def _report_no_chain(name: str, layers: tree.Body, context: Context) -> bool:
    """Report braces that hold more than layers one after the other; return whether they do."""
    if not (fits := tree.is_chain(layers)):
        message = f"`{name}` takes layers one after the other, `{{ bn -> relu }}`; a block can hold more"
        context.report(Code.E106, message, layers.span)
    return not fits


def report_shape_name(name: tree.Name, context: Context) -> None:
    """Report that C, H or W is declared as a name."""
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
    binder = _ArgumentBinder(block, call, context, inner, value)
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


def define_layers(name: tree.Name, layers: tree.Body, inner: Scope, home: Scope) -> None:
    """Let a parameter stand for layers in the scope `inner`, as a block does; they see the names of `home`."""
    passed = _find_passed(layers, home)
    block = tree.Block(layers.span, name, (), layers)
    inner.blocks[name.text] = passed or home.make_definition(block, is_parameter=True)


def _find_passed(layers: tree.Body, home: Scope) -> DefinedBlock | None:
    """Return the layers that a block was given itself and passes on, `act={ act }`."""
    if not tree.is_single_call(layers):
        return None
    chain = layers.lines[0]
    call = chain.elements[0] if isinstance(chain, tree.Chain) else None
    if not isinstance(call, tree.Call) or call.given:
        return None
    found = home.find_block(call.word.text)
    return found if found and found.is_parameter else None


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


def explain_layers_parameter(name: str) -> str:
    """Return how a parameter is declared that stands for layers."""
    return f"a parameter of a block stands for layers if its default is in braces, `{name}={{ … }}`"


def reads_as_layers(block: tree.Block, name: str) -> bool:
    """Return whether a line of a block has the name of a parameter in the place of a layer."""
    return bool(re.search(rf"(?:^|->|[{{|])[ \t]*{name}[ \t]*(?:->|[|}}\n]|$)", block.body.span.text, re.MULTILINE))


def is_layer_word(word: str, context: Context) -> bool:
    """Return whether a word is a layer or a block."""
    return get_layer_class(word) is not None or context.scope.find_block(word) is not None


def _is_switch(parameter: tree.Parameter) -> bool:
    """Return whether a parameter is `yes` or `no` by default."""
    return isinstance(parameter.default, tree.Name) and parameter.default.text in CONSTANTS


class _ArgumentBinder:
    """Binds the arguments of one call to the parameters of its block."""

    def __init__(self, block: tree.Block, call: tree.Call, context: Context, inner: Scope, value: ValueName) -> None:
        self.block, self.call, self.context, self.inner, self.value = block, call, context, inner, value
        self.names = dict.fromkeys(parameter.name.text for parameter in block.parameters)
        self.layers = [parameter.name.text for parameter in block.parameters if parameter.layers]
        self.free = iter([name for name in self.names if name not in self.layers])
        self.switches = [each.name.text for each in block.parameters if _is_switch(each)]
        self.bound = dict[str, tree.Argument | tree.LayersArgument]()

    def bind(self) -> bool:
        """Give each parameter its value; return False, after a report, if the arguments do not fit."""
        fits = True
        for argument in self.call.arguments:
            self.context.graph.end_after_many_errors(argument.span)
            fits &= self._bind_argument(argument)
        for layers in self.call.layers:
            fits &= self._bind_layers(layers)
        for parameter in self.block.parameters:
            self.context.declare(parameter.name.text, parameter.name.span)
            if parameter.name.text not in self.bound and fits:
                fits = self._bind_default(parameter)
        return fits

    def list_values(self) -> tuple[tuple[str, Any], ...]:
        """Return the values of the parameters and the layers that they stand for, in order; None for an unknown one."""
        return tuple((name, self._find_value(name)) for name in self.names)

    def _find_value(self, name: str) -> Any:
        if name in self.layers:
            from specnet.printer.lines import format_layers

            return GivenLayers(format_layers(self.inner.blocks[name].block.body))
        value = self.inner.variables[name]
        return None if value is UNSET else value

    def list_defaults(self) -> frozenset[str]:
        """Return the parameters at their defaults: those left out, and those given the very number of the block."""
        return frozenset(each.name.text for each in self.block.parameters if self._is_default(each))

    def _is_default(self, parameter: tree.Parameter) -> bool:
        given, default = self.bound.get(parameter.name.text), parameter.default
        if isinstance(given, tree.LayersArgument):
            return given.body == parameter.layers
        return given is None or (isinstance(default, tree.Number) and given.value == default)

    def _bind_argument(self, argument: tree.Argument) -> bool:
        free = (name for name in self.free if name not in self.bound)
        name = argument.key.text if argument.key else next(free, None)
        if name is None or name not in self.names or name in self.bound:
            self._report_misplaced(argument, self.bound.get(name or ""))
            return False
        if name in self.layers:
            self._report_kind(argument, name, f"takes layers in braces, `{name}={{ … }}`")
            return False
        self.bound[name] = argument
        if self._means_layers(name, argument.value):
            self._report_undeclared(name, argument)
            return False
        self.inner.set_variable(name, self._evaluate(argument, name))
        return True

    def _evaluate(self, argument: tree.Argument, name: str) -> Any:
        """Return the value of an argument for a parameter; UNSET, after a report, if it has none."""
        word = argument.value
        is_switch = isinstance(word, tree.Name) and word.text in self.switches and not argument.key
        if is_switch and not has_value(word, self.context.lookup(self.value)):
            message = f"`{word.span.text}` of `{self.block.name.text}` is given as `{word.span.text}=yes`"
            fixes = [make_replacement(argument.span, f"{word.span.text}=yes", safe=True)]
            found = make_diagnostic(Code.E112, message, argument.span, fixes=fixes)
            self.context.add_diagnostics([found], self.context.scope.trace)
            return UNSET
        is_parameter = isinstance(word, tree.Name) and word.text in self.names
        return self.context.evaluate(argument.value, self.value, admits_text=not is_parameter)

    def _bind_layers(self, given: tree.LayersArgument) -> bool:
        name = given.key.text
        if name not in self.names or name in self.bound:
            self._report_misplaced(given, self.bound.get(name))
            return False
        if name not in self.layers:
            self._report_kind(given, name, "takes a value, not layers in braces")
            return False
        self.bound[name] = given
        define_layers(given.key, given.body, self.inner, self.context.scope)
        return not _report_no_chain(name, given.body, self.context)

    def _means_layers(self, name: str, value: tree.Expression) -> bool:
        """Return whether a value is the name of a layer, given to a parameter that the block uses as a layer."""
        is_layer = isinstance(value, tree.Name) and is_layer_word(value.text, self.context)
        return is_layer and reads_as_layers(self.block, name)

    def _report_undeclared(self, name: str, argument: tree.Argument) -> None:
        """Report a layer that is given to a parameter which is not declared to stand for layers."""
        parameter = next(each for each in self.block.parameters if each.name.text == name)
        braces = f"{name}={{ {argument.value.span.text} }}"
        message = f"`{name}` stands for layers, which are in braces here and where it is declared: `{braces}`"
        declared = Label(parameter.span, "declared here", primary=False)
        fix = Fix(braces, (Edit(parameter.span, braces), Edit(argument.span, braces)))
        found = make_diagnostic(Code.E112, message, argument.span, declared, fixes=[fix])
        self.context.add_diagnostics([found], self.context.scope.trace)

    def _report_kind(self, given: tree.Argument | tree.LayersArgument, name: str, takes: str) -> None:
        """Report a value where a parameter stands for layers, or the reverse."""
        parameter = next(each for each in self.block.parameters if each.name.text == name)
        declared = Label(parameter.span, "declared here", primary=False)
        message = f"`{name}` of `{self.block.name.text}` {takes}"
        fixes, help = self._offer_braces(given, [name]), ""
        if isinstance(given, tree.LayersArgument) and reads_as_layers(self.block, name):
            fixes, help = [make_replacement(parameter.span, given.span.text)], explain_layers_parameter(name)
        found = make_diagnostic(Code.E112, message, given.span, declared, help=help, fixes=fixes)
        self.context.add_diagnostics([found], self.context.scope.trace)

    def _offer_braces(self, given: tree.Argument | tree.LayersArgument, keys: list[str]) -> list[Fix]:
        """Return fixes that give a layer, written as a value, to one of these parameters."""
        value = given.value if isinstance(given, tree.Argument) else None
        is_layer = isinstance(value, tree.Name) and is_layer_word(value.text, self.context)
        return [make_replacement(given.span, f"{key}={{ {value.span.text} }}") for key in keys if value and is_layer]

    def _bind_default(self, parameter: tree.Parameter) -> bool:
        if parameter.layers:
            define_layers(parameter.name, parameter.layers, self.inner, self.inner)
            return True
        if parameter.default is None:
            message = f"`{self.block.name.text}` needs `{parameter.name.text}`"
            declared = Label(parameter.span, "declared here", primary=False)
            self.context.report_in_call(Code.E111, message, self.call.span, declared)
            return False
        if self._report_default(parameter, parameter.default):
            return False
        default = self.context.within(self.inner).evaluate(parameter.default, self.value)
        self.inner.variables[parameter.name.text] = default
        return True

    def _report_default(self, parameter: tree.Parameter, default: tree.Expression) -> bool:
        """Report `act=relu` as the default of a parameter that its block uses as a layer; return whether it is that."""
        name = parameter.name.text
        if not self._means_layers(name, default):
            return False
        braces = f"{name}={{ {default.span.text} }}"
        message = f"`{name}` stands for layers, whose default is in braces: `{braces}`"
        found = make_diagnostic(Code.E112, message, default.span, fixes=[make_replacement(parameter.span, braces)])
        self.context.add_diagnostics([found], self.inner.trace)
        return True

    def _report_misplaced(
        self, argument: tree.Argument | tree.LayersArgument, first: tree.Argument | tree.LayersArgument | None
    ) -> None:
        """Report an argument that is given twice, that no parameter has, or that is one too many."""
        block, names = self.block.name, self.names
        takes = Label(block.span, f"takes {', '.join(names) or 'no values'}", primary=False)
        if first and argument.key:
            label = Label(first.span, "first here", primary=False)
            self.context.report(Code.E113, f"`{argument.key.text}` is given twice", argument.span, label)
        elif argument.key:
            meant = self.context.suggest(argument.key.text, names)
            message = f"`{block.text}` has no parameter `{argument.key.text}`"
            self.context.report_in_call(Code.E110, message, argument.key.span, takes, meant=meant)
        else:
            number = len(names) - len(self.layers)
            message = f"`{block.text}` takes {number} value{'' if number == 1 else 's'}"
            fixes = self._offer_braces(argument, self.layers)
            found = make_diagnostic(Code.E114, message, argument.span, takes, fixes=fixes)
            self.context.add_diagnostics([found], self.context.scope.trace)
