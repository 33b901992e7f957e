"""Dataflow → module tree → classes → text, for the libraries whose layers are instances of classes."""

from __future__ import annotations

from specnet.backends.source.class_syntax import ClassSyntax
from specnet.backends.source.classes import Classes, make_class_name
from specnet.backends.source.forward_writer import list_given_values, write_forward
from specnet.backends.source.init_writer import ClassBody, write_init
from specnet.backends.source.instances import ClassDefinition
from specnet.backends.source.module_tree import Dataflow, build_module_tree
from specnet.elaborate.formulas import Formulas
from specnet.graph import Network


def write_classes(
    network: Network, flow: Dataflow, syntax: ClassSyntax, taken: set[str], formulas: Formulas
) -> dict[str, str]:
    """Return the classes of a network by name, each before those that use it, the network last.

    No class has one of the names that are `taken`.
    """
    tree = build_module_tree(network, flow)
    classes = Classes(network, tree, make_class_name(network.name, taken), taken, formulas)
    definitions = (*classes.definitions, classes.root)
    return {each.name: _write_class(network, each, classes, syntax) for each in definitions}


def _write_class(network: Network, definition: ClassDefinition, classes: Classes, syntax: ClassSyntax) -> str:
    body = ClassBody(network, definition, classes.instances, syntax)
    init, forward = write_init(body), write_forward(body, list_given_values(network, definition.full.path))
    return "\n".join([f"class {definition.name}({syntax.base}):", *init, *([""] if init else []), *forward])
