"""Write blocks as functions that apply layers to values, and the network as the function that builds the model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from math import prod

from specnet.backends.channels_last.conversion import UnwrittenLayer, UnwrittenLayers
from specnet.backends.keras_source.names import to_layer_name
from specnet.backends.source.calls import SourceCall, format_template
from specnet.backends.source.forward_writer import ForwardStatement, ForwardWriter, Variables
from specnet.backends.source.init_writer import ClassBody, list_arguments
from specnet.backends.source.instances import ClassDefinition, Repetition, find_repetitions
from specnet.backends.source.module_tree import Child, Leaf, Module, Stack
from specnet.backends.source.parameters import ACTIVATION, INCREMENT, INPUT_SIZES, REPEATS, USED_NAMES, Slot
from specnet.backends.source.pretty_printer import (
    Bracketed,
    PythonText,
    format_call,
    format_flat,
    format_keyword,
    format_lines,
    format_literal,
)
from specnet.graph import Network
from specnet.naming import make_unused_name

OWN_NAMES = USED_NAMES | {"inputs", "model", "np"}
"""Names that the functions use themselves."""


class FunctionBody(ClassBody):
    """The texts of a function's slots: what a constructor keeps, a function has at hand."""

    def attribute_text(self, slot: Slot) -> PythonText:
        return self.texts[slot]

    def is_shared(self, child: Child) -> bool:
        """Return whether other children use the weights of a child."""
        return any(each.owner == child.name for each in self.children if not each.is_owner)

    def spec_name(self, child: Child) -> str:
        """Return the name of a child in the spec, where all instances have the same."""
        found = {
            each.content.node.name.removeprefix(f"{module.path}." if module.path else "")
            for module in self.definition.modules
            for each in module.children
            if each.name == child.name and isinstance(each.content, Leaf)
        }
        return found.pop() if len(found) == 1 else child.name

    def layer_name(self, name: str, turn: str = "") -> str:
        """Return the expression for the name of a child, in the turn of a loop or not: `f"{name}_conv1"`."""
        is_root = not self.definition.full.path
        full = to_layer_name(name) if is_root else f"{{name}}_{to_layer_name(name)}"
        full += f"_{turn}" if turn else ""
        return f'"{full}"' if "{" not in full else f'f"{full}"'


def to_snake_case(name: str) -> str:
    """Return `squeeze_excite` for `SqueezeExcite`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def find_sizes_at_hand(network: Network, definition: ClassDefinition) -> list[str]:
    """Return the parameters that a function reads of its first value: the number of its channels or elements."""
    shapes = [network.shapes[module.inputs[0]] or () for module in definition.modules]
    sizes = {"in_channels": tuple(shape[-1] for shape in shapes), "in_features": tuple(map(prod, shapes))}
    values = definition.parameters.values
    return [name for name in INPUT_SIZES if name in values and values[name] == sizes[name]]


class FunctionWriter(ForwardWriter):
    """Writes the lines of a function: a layer a line, its name that of the spec, and loops for what is repeated."""

    indent = 4
    body: FunctionBody

    def __init__(self, body: FunctionBody, inputs: Sequence[str], used: Set[str]) -> None:
        self.kept = set[str]() if body.definition.full.path else {*inputs}
        """The variables of the model's inputs, which are read again when it is complete."""
        super().__init__(body, inputs, used)

    def make_variables(self, names: Mapping[str, str], used: Set[str]) -> Variables:
        variables = super().make_variables(names, used)
        variables.reserved = frozenset(self.body.definition.parameters.values)
        return variables

    def is_return(self, position: int) -> bool:
        """Return whether this is the last statement of a block, and no loop; a model is made of its outputs first."""
        content = self.statements[position].children[0].content
        is_row = isinstance(content, Stack) and content.carried > 0
        return bool(self.module.path) and not is_row and super().is_return(position)

    def group_statements(self, body: ClassBody) -> list[ForwardStatement]:
        return [ForwardStatement([child], body.branch_of(child)) for child in body.children]

    def write_statement(self, position: int, indent: int) -> None:
        (child,) = self.statements[position].children
        values = [self.variables.names[value] for value in self.statements[position].reads]
        match child.content:
            case Leaf(calls=calls):
                self._write_calls(position, indent, calls, values)
            case _ if not child.is_owner:
                self._assign(position, indent, format_call(to_variable(child.owner), values))
            case Module() as block if not self.body.is_shared(child):
                text = self._call_block(child, 0, self._definition(block), values, "")
                self._assign(position, indent, text)
            case Stack() as stack if not self.body.is_shared(child):
                self._write_stack(position, indent, stack, values)
            case Module() as block if len(values) == 1:
                self._write_shared_model(position, indent, block, values)
            case _:
                raise UnwrittenLayers("Keras", (self._refuse_sharing(child),))

    def _assign(self, position: int, indent: int, text: PythonText) -> None:
        """Write the statement that computes its outputs from a text, which is returned if they are the function's."""
        before = "return "
        if not self.is_return(position):
            outputs = self.statements[position].assigns
            targets = [self.choose_target(value, position) for value in outputs if value in self.variables.readers]
            before = f"{', '.join(targets)} = " if targets else ""
        self.lines += format_lines(text, indent, before, comment=self._comment(self.statements[position]))

    def _comment(self, statement: ForwardStatement) -> str:
        return self.body.shape_comment(statement.children[0])

    # Layers

    def _write_calls(self, position: int, indent: int, calls: Sequence[SourceCall], values: list[str]) -> None:
        """Write the layers of a node, one after the other; all but the last write the variable of the last."""
        (child,) = self.statements[position].children
        *first, last = range(len(calls))
        for place in first:
            text = self._apply(child, place, values)
            values = [self._choose_intermediate(position)]
            self.lines += format_lines(text, indent, f"{values[0]} = ")
        if self.body.is_shared(child) and calls[last].is_module:
            layer = self._construct(child, last)
            self.lines += format_lines(layer, indent, f"{to_variable(child.name)} = ")
        self._assign(position, indent, self._apply(child, last, values))

    def _choose_intermediate(self, position: int) -> str:
        """Return the variable of a statement's output before it is complete; a returned value needs one too."""
        statement = self.statements[position]
        if self.is_return(position):
            self.variables.add_reader(statement.assigns[0], position)
        return self.choose_target(statement.assigns[0], position)

    def _apply(self, child: Child, place: int, values: Sequence[str]) -> PythonText:
        """Return a layer or a function applied to values."""
        assert isinstance(child.content, Leaf)
        call = child.content.calls[place]
        joined = [f"[{', '.join(values)}]"] if call.joins in ("list", "fold") else [*values]
        if call.target == ATTENTION:
            joined *= 2 // len(joined)
        arguments = [*self.body.arguments(child, place, call)]
        if call.is_template:
            return format_template(call, joined[0], arguments)
        if call.is_module and (not child.is_owner or self.body.is_shared(child)):
            return format_call(to_variable(child.owner), joined)
        if is_layer(call):
            return _call_layer(self._construct(child, place), joined)
        named = [f"name={self.body.layer_name(self.body.spec_name(child))}"] if call.is_module else []
        return format_call(call.name, [*joined, *arguments, *named])

    def _construct(self, child: Child, place: int) -> Bracketed:
        """Return the layer of a call, named as in the spec unless it is a step on the way to one that is."""
        assert isinstance(child.content, Leaf)
        calls = child.content.calls
        arguments = [*self.body.arguments(child, place, calls[place])]
        function = calls[place].name
        if calls[place].is_activation:
            function, arguments = "layers.Activation", [self.body.texts[Slot(child.name, place, ACTIVATION)]]
        main = next((at for at, call in enumerate(calls) if call.is_module), len(calls) - 1)
        if place == main:
            arguments.append(f"name={self.body.layer_name(self.body.spec_name(child))}")
        return format_call(function, arguments)

    # Blocks

    def _definition(self, module: Module) -> Repetition:
        instance = self.body.instances[module.path]
        return Repetition(instance.definition, instance.arguments, {}, 1)

    def _call_block(
        self, child: Child, place: int, repetition: Repetition, values: Sequence[str], turn: str
    ) -> PythonText:
        """Return the call of a block's function: `bottleneck(x, 64, stride=2, name="conv3_x_0")`."""
        definition = repetition.definition
        sizes = find_sizes_at_hand(self.body.network, definition)
        given = [each for each in list_arguments(self.body, child, place, definition) if each[0] not in sizes]
        defaults = definition.parameters.defaults
        arguments = [format_keyword(name, text) if name in defaults else text for name, text in given]
        name = f"name={self.body.layer_name(child.name, turn)}"
        return format_call(to_snake_case(definition.name), [*values, *arguments, name])

    def _write_shared_model(self, position: int, indent: int, module: Module, values: list[str]) -> None:
        """Write a block whose weights are used again as a model of its own, which is called like a layer."""
        (child,) = self.statements[position].children
        shape = format_flat(format_literal(self.body.network.shapes[child.inputs[0]]))
        name, variable = self.body.layer_name(child.name), to_variable(child.name)
        block = self._call_block(child, 0, self._definition(module), [f"{variable}_input"], "")
        self.lines.append(f"{' ' * indent}{variable}_input = keras.Input({shape})")
        model = format_call("keras.Model", [f"{variable}_input", block, f"name={name}"])
        self.lines += format_lines(model, indent, f"{variable} = ")
        self._assign(position, indent, format_call(variable, values))

    def _refuse_sharing(self, child: Child) -> UnwrittenLayer:
        path = f"{self.module.path}.{child.name}".lstrip(".")
        node = next(node for node in self.body.network.nodes if node.name.startswith(f"{path}."))
        what = "a loop" if isinstance(child.content, Stack) else "a block of several values"
        return UnwrittenLayer(node, f"{what} whose weights are used again cannot be a model of its own")

    def _write_stack(self, position: int, indent: int, stack: Stack, values: list[str]) -> None:
        """Write the calls of numbered blocks, those of one kind in a loop."""
        (child,) = self.statements[position].children
        repetitions = find_repetitions(self.body.instances, stack.modules)
        if not stack.carried:
            self._write_side_by_side(position, indent, child, repetitions, values)
            return
        targets = self._choose_carried(position, stack.carried)
        current, others, begins = values[: stack.carried], values[stack.carried :], "0"
        for place, repetition in enumerate(repetitions):
            count = self._count(child, place)
            if count and current != targets:
                self.lines.append(f"{' ' * indent}{', '.join(targets)} = {', '.join(current)}")
            current = targets if count else current
            turn, head = self._write_turn(child, place, repetition, begins, count)
            text = self._call_block(child, place, repetition, [*current, *others], turn)
            self.lines += [f"{' ' * indent}{head}"] if head else []
            is_last = place == len(repetitions) - 1
            comment = self._comment(self.statements[position]) if is_last else ""
            margin = indent + 4 if head else indent
            self.lines += format_lines(text, margin, f"{', '.join(targets)} = ", comment=comment)
            current, begins = targets, _add(begins, count or "1")

    def _count(self, child: Child, place: int) -> str:
        text = self.body.texts.get(Slot(child.name, place, REPEATS))
        return "" if text is None else format_flat(text)

    def _write_turn(self, child: Child, place: int, repetition: Repetition, begins: str, count: str) -> tuple[str, str]:
        """Return the number of a block within its name, and the head of the loop if there is one."""
        if not count:
            return (begins if begins.isdigit() else f"{{{begins}}}"), ""
        parameters = repetition.definition.parameters.values
        grows = any(Slot(child.name, place, name + INCREMENT) in self.body.texts for name in parameters)
        if grows and begins != "0":
            return f"{{i + {begins}}}", f"for i in range({count}):"
        return "{i}", f"for i in range({count if begins == '0' else f'{begins}, {_add(begins, count)}'}):"

    def _choose_carried(self, position: int, carried: int) -> list[str]:
        """Return the variables that hold the values between the turns of a loop."""
        statement, variables = self.statements[position], self.variables
        pairs = [*zip(statement.assigns, statement.reads[:carried], strict=False)]
        for output, _ in pairs:
            variables.add_reader(output, position)  # so that one that nothing reads has a variable of its own
        for output, value in pairs:
            is_free = variables.is_dead_after(value, position) and variables.names[value] not in self.kept
            if output in self.reused:
                variables.assign(output, self.reused[output])
            elif output not in variables.names and is_free:
                variables.assign(output, variables.names[value])
            elif output not in variables.names:
                variables.assign_unused(output, position)
        return [variables.names[output] for output, _ in pairs]

    def _write_side_by_side(
        self, position: int, indent: int, child: Child, repetitions: Sequence[Repetition], values: list[str]
    ) -> None:
        """Write a list of the values of blocks that read the same."""
        parts, begins = list[PythonText](), "0"
        for place, repetition in enumerate(repetitions):
            count = self._count(child, place)
            turn, head = self._write_turn(child, place, repetition, begins, count)
            text = self._call_block(child, place, repetition, values, turn)
            parts.append(Bracketed("*[", (text, head.removesuffix(":")), "]", "") if head else text)
            begins = _add(begins, count or "1")
        only = parts[0]
        if len(parts) == 1 and isinstance(only, Bracketed) and only.head == "*[":
            self._assign(position, indent, Bracketed("[", only.parts, "]", ""))
        else:
            self._assign(position, indent, Bracketed("[", tuple(parts), "]"))


ATTENTION = "layers.MultiHeadAttention"
"""The layer that is called with queries and keys, which may be the same value."""


def is_layer(call: SourceCall) -> bool:
    """Return whether a call constructs a layer, rather than being a function."""
    return call.is_activation or call.target.startswith("layers.") or call.name[0].isupper()


def to_variable(name: str) -> str:
    """Return the variable of a layer or model that is called several times."""
    plain = name.replace(".", "_")
    return make_unused_name(plain if plain.isidentifier() else f"layer_{plain}", OWN_NAMES)


def _call_layer(layer: Bracketed, values: Sequence[str]) -> Bracketed:
    return Bracketed(layer.head, layer.parts, f"{layer.tail}({', '.join(values)})")


def _add(one: str, other: str) -> str:
    if one.isdigit() and other.isdigit():
        return str(int(one) + int(other))
    return other if one == "0" else f"{other} + {one}" if one.isdigit() else f"{one} + {other}"
