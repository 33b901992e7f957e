"""Write a network as readable Python source that needs only torch, with the spec's parameter names.

network → dataflow → module tree → classes → text
"""

from __future__ import annotations

from specnet.backends.torch_source.classes import Classes, make_class_name
from specnet.backends.torch_source.forward_writer import list_given_values, write_forward
from specnet.backends.torch_source.init_writer import ClassBody, write_init
from specnet.backends.torch_source.instances import ClassDefinition
from specnet.backends.torch_source.module_tree import build_module_tree, trace_dataflow
from specnet.backends.torch_source.source_file import (
    embed_modules,
    list_foreign_modules,
    write_docstring,
    write_imports,
    write_main,
)
from specnet.elaborate.formulas import NO_FORMULAS, Formulas
from specnet.graph import Network


def generate_source(network: Network, origin: str = "", formulas: Formulas = NO_FORMULAS) -> str:
    """Return the source of a network that was checked without errors.

    `origin` is the name of its spec, whose expressions for the attributes of layers are the `formulas`.
    """
    flow = trace_dataflow(network)
    targets = [call.target for calls in flow.calls.values() for call in calls]
    embedded, foreign = embed_modules(targets), list_foreign_modules(targets)
    taken = {*embedded, *(module.partition(".")[0] for module in foreign)}
    tree = build_module_tree(network, flow)
    classes = Classes(network, tree, make_class_name(network.name, taken), taken, formulas)
    definitions = [_write_class(network, each, classes) for each in (*classes.definitions, classes.root)]
    body = "\n\n\n".join([*embedded.values(), *definitions, write_main(network, classes.root.name)])
    return f"{write_docstring(network, origin)}\n\n{write_imports(body, foreign)}\n\n\n{body}\n"


def _write_class(network: Network, definition: ClassDefinition, classes: Classes) -> str:
    body = ClassBody(network, definition, classes.instances)
    init, forward = write_init(body), write_forward(body, list_given_values(network, definition.full.path))
    return "\n".join([f"class {definition.name}(nn.Module):", *init, *([""] if init else []), *forward])
