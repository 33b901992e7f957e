"""Define blocks, and expand their calls, each in a scope of its own."""

from __future__ import annotations

from collections.abc import Collection

from specnet.diagnostics import Code, Label
from specnet.elaborate.context import SHAPE_NAMES, Context
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.scope import UNSET, Scope, ValueName
from specnet.graph import ModuleScope, ValueRef
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
        _check_parameters(block, context)
        context.blocks.defined.append(context.scope.define_block(block))
        context.declare(name, block.name.span)


def _check_parameters(block: tree.Block, context: Context) -> None:
    seen = dict[str, tree.Parameter]()
    for parameter in block.parameters:
        name = parameter.name.text
        if name in SHAPE_NAMES:
            report_shape_name(parameter.name, context)
        elif name in seen:
            first = Label(seen[name].span, "first here", primary=False)
            context.report(Code.E103, f"the parameter `{name}` is declared twice", parameter.span, first)
        seen[name] = parameter


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
    active = (*context.scope.active, call.word.text)
    context.graph.count_step(call.word.span, len(block.parameters))
    if not _can_be_called(call, context):
        return None
    inner = found.make_scope(name, active, (*context.scope.trace, call.span))
    binder = _ArgumentBinder(block, call, context, inner, value)
    if not binder.bind():
        return None
    if context.is_uncalled:
        return None
    values = tuple((key, None if given is UNSET else given) for key, given in inner.variables.items())
    context.graph.scopes[name] = ModuleScope(call.word.text, values, binder.list_defaults())
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
        uncalled = context.replace(graph=apart, scope=inner, is_uncalled=True)
        for parameter in block.parameters:
            if parameter.default:
                uncalled.evaluate(parameter.default, None)
            inner.variables[parameter.name.text], inner.taps[parameter.name.text] = UNSET, None
        uncalled.walk(block.body.lines, None)
        graph.steps = apart.steps


def _take_name(call: tree.Call, context: Context) -> str:
    if context.scope.single_call and not context.label:
        return context.scope.path.removesuffix(".")
    return context.take_name(call.word.text)


def _can_be_called(call: tree.Call, context: Context) -> bool:
    """Return whether a call can be expanded; reports endless recursion, and braces."""
    word, active = call.word.text, context.scope.active
    if word in active:
        chain = " → ".join((*active[active.index(word) :], word))
        message = f"the block `{word}` calls itself and would never end: {chain}"
        context.report(Code.E201, message, call.word.span)
        return False
    if call.body or call.alternative is not None:
        context.report(Code.E106, f"`{word}` takes no braces", call.word.span)
    return True


class _ArgumentBinder:
    """Binds the arguments of one call to the parameters of its block."""

    def __init__(self, block: tree.Block, call: tree.Call, context: Context, inner: Scope, value: ValueName) -> None:
        self.block, self.call, self.context, self.inner, self.value = block, call, context, inner, value
        self.names = dict.fromkeys(parameter.name.text for parameter in block.parameters)
        self.free = iter(self.names)
        self.bound = dict[str, tree.Argument]()

    def bind(self) -> bool:
        """Give each parameter its value; return False, after a report, if the arguments do not fit."""
        fits = True
        for argument in self.call.arguments:
            self.context.graph.end_after_many_errors(argument.span)
            fits &= self._bind_argument(argument)
        for parameter in self.block.parameters:
            self.context.declare(parameter.name.text, parameter.name.span)
            if parameter.name.text not in self.inner.variables and fits:
                fits = self._bind_default(parameter)
        return fits

    def list_defaults(self) -> frozenset[str]:
        """Return the parameters at their defaults: those left out, and those given the very number of the block."""
        return frozenset(each.name.text for each in self.block.parameters if self._is_default(each))

    def _is_default(self, parameter: tree.Parameter) -> bool:
        given, default = self.bound.get(parameter.name.text), parameter.default
        return given is None or (isinstance(default, tree.Number) and given.value == default)

    def _bind_argument(self, argument: tree.Argument) -> bool:
        free = (name for name in self.free if name not in self.bound)
        name = argument.key.text if argument.key else next(free, None)
        if name is None or name not in self.names or name in self.bound:
            self._report_misplaced(argument, self.bound.get(name or ""))
            return False
        self.bound[name] = argument
        given = self.inner.variables[name] = self.context.evaluate(argument.value, self.value)
        if given is UNSET or isinstance(given, ValueRef):  # known in the block as `@name`, too
            self.inner.taps[name] = given.name if isinstance(given, ValueRef) else None
        return True

    def _bind_default(self, parameter: tree.Parameter) -> bool:
        if parameter.default is None:
            message = f"`{self.block.name.text}` needs `{parameter.name.text}`"
            declared = Label(parameter.span, "declared here", primary=False)
            self.context.report_in_call(Code.E111, message, self.call.span, declared)
            return False
        default = self.context.within(self.inner).evaluate(parameter.default, self.value)
        self.inner.variables[parameter.name.text] = default
        return True

    def _report_misplaced(self, argument: tree.Argument, first: tree.Argument | None) -> None:
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
            message = f"`{block.text}` takes {len(names)} value{'' if len(names) == 1 else 's'}"
            self.context.report_in_call(Code.E114, message, argument.span, takes)
