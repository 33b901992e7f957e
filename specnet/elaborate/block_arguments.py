"""Bind the arguments of a call to the parameters of its block: values, values of the network, and layers in braces."""

from __future__ import annotations

from typing import Any

from specnet.diagnostics import Code, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.context import Context
from specnet.elaborate.layer_parameters import (
    define_layers,
    explain_layers_parameter,
    is_layer_word,
    reads_as_layers,
    report_no_chain,
)
from specnet.elaborate.scope import UNSET, Scope, ValueName
from specnet.graph import GivenLayers
from specnet.syntax import tree
from specnet.syntax.expressions import CONSTANTS, has_value


class ArgumentBinder:
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
        return not report_no_chain(name, given.body, self.context)

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


def _is_switch(parameter: tree.Parameter) -> bool:
    """Return whether a parameter is `yes` or `no` by default."""
    return isinstance(parameter.default, tree.Name) and parameter.default.text in CONSTANTS
