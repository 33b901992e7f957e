"""Write the functions of a network's blocks, the one that builds the model, and the main block of the file."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.backends.keras_source.function_writer import (
    OWN_NAMES,
    FunctionBody,
    FunctionWriter,
    find_sizes_at_hand,
    to_snake_case,
)
from specnet.backends.source.class_syntax import ClassSyntax
from specnet.backends.source.classes import Classes, make_class_name
from specnet.backends.source.forward_writer import choose_input_names, list_given_values
from specnet.backends.source.instances import ClassDefinition
from specnet.backends.source.module_tree import Dataflow, build_module_tree
from specnet.backends.source.pretty_printer import Bracketed, format_call, format_flat, format_lines, format_literal
from specnet.elaborate.formulas import Formulas
from specnet.graph import Network
from specnet.naming import make_unused_name

GLOBAL_NAMES = {
    "FLATTENED",
    "build_model",
    "load_weights",
    "load_file",
    "list_tensors",
    "convert_tensor",
    "list_layers",
}
"""Names of the file that no function can have."""

SYNTAX = ClassSyntax("", "", "", "", "", size="{}.shape[1:3]", apply_function=lambda call, name, values, rest: name)


def write_functions(network: Network, flow: Dataflow, taken: set[str], formulas: Formulas) -> list[str]:
    """Return the functions of a network, each before those that use it, the one that builds the model last.

    No function has one of the names that are `taken`.
    """
    tree = build_module_tree(network, flow)
    classes = Classes(network, tree, make_class_name(network.name, ()), taken, formulas)
    writer = _FunctionsWriter(network, classes)
    return [*map(writer.write_block, classes.definitions), writer.write_model(network.name or classes.root.name)]


class _FunctionsWriter:
    """Writes the functions of a network's blocks and of the network."""

    def __init__(self, network: Network, classes: Classes) -> None:
        self.network, self.classes = network, classes
        self.used = OWN_NAMES | {to_snake_case(each.name) for each in classes.definitions}

    def write_block(self, definition: ClassDefinition) -> str:
        """Return the function of a block: its values, its parameters, and the name of the layers within it."""
        parameters = definition.parameters
        given = choose_input_names(definition.full, list_given_values(self.network, definition.full.path))
        inputs = [make_unused_name(name, parameters.values) for name in given]
        defaults = {name: f"{name}={format_flat(format_literal(value))}" for name, value in parameters.defaults.items()}
        sizes = find_sizes_at_hand(self.network, definition)
        names = [defaults.get(name, name) for name in parameters.values if name not in sizes]
        head = Bracketed(f"def {to_snake_case(definition.name)}(", (*inputs, *names, "*", "name"), "):")
        return "\n".join(
            [*format_lines(head, 0), *self._write_sizes(definition, inputs), *self._write(definition, inputs)]
        )

    def _write_sizes(self, definition: ClassDefinition, inputs: Sequence[str]) -> list[str]:
        """Return the lines that read the number of channels or features of the value that reaches a block."""
        rank = len(self.network.shapes[definition.full.inputs[0]] or ())
        sizes = " * ".join(f"{inputs[0]}.shape[{axis}]" for axis in range(1, rank + 1))
        texts = {"in_channels": f"{inputs[0]}.shape[-1]", "in_features": sizes}
        return [f"    {name} = {texts[name]}" for name in find_sizes_at_hand(self.network, definition)]

    def _write(self, definition: ClassDefinition, inputs: Sequence[str]) -> list[str]:
        body = FunctionBody(self.network, definition, self.classes.instances, SYNTAX)
        return FunctionWriter(body, inputs, self.used).lines

    def write_model(self, name: str) -> str:
        """Return the function that builds the model."""
        inputs = [i.name for i in self.network.inputs] if len(self.network.inputs) > 1 else ["inputs"]
        lines = [
            f'    {variable} = keras.Input({format_flat(format_literal(i.shape))}, name="{i.name}")'
            for variable, i in zip(inputs, self.network.inputs, strict=True)
        ]
        *lines_of_layers, returned = self._write(self.classes.root, inputs)
        outputs = returned.strip().removeprefix("return ")
        arguments = [_list(inputs), _list(outputs.split(", ")), f"name={format_flat(format_literal(name))}"]
        model = format_lines(format_call("keras.Model", arguments), 4, "return ")
        return "\n".join(["def build_model():", *lines, *lines_of_layers, *model])


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def write_main(network: Network) -> str:
    """Return lines that print the model's outputs and the number of its parameters."""
    several = len(network.outputs) + len(network.heads) > 1
    shapes = "*(output.shape for output in model.outputs)" if several else "model.output_shape"
    return f"""if __name__ == "__main__":
    model = build_model()
    print({shapes})
    print(f"{{sum(weight.numpy().size for weight in model.trainable_weights):,}} parameters")"""
