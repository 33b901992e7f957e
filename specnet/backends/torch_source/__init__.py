"""Write a network as readable Python source that needs only torch, with the spec's parameter names.

network → dataflow → module tree → classes → text
"""

from __future__ import annotations

from specnet.backends.source.class_writer import write_classes
from specnet.backends.source.docstring import write_docstring
from specnet.backends.source.module_tree import trace_dataflow
from specnet.backends.torch_source.calls import TORCH_MODULES, convert_layer
from specnet.backends.torch_source.source_file import list_foreign_modules, write_main
from specnet.backends.torch_source.syntax import TORCH_SYNTAX
from specnet.elaborate.formulas import NO_FORMULAS, Formulas
from specnet.graph import Network
from specnet.layers.base import order_as_torch


def generate_source(network: Network, origin: str = "", formulas: Formulas = NO_FORMULAS) -> str:
    """Return the source of a network that was checked without errors.

    `origin` is the name of its spec, whose expressions for the attributes of layers are the `formulas`.
    """
    flow = trace_dataflow(network, lambda node: convert_layer(node, network))
    targets = [call.target for calls in flow.calls.values() for call in calls]
    embedded, foreign = TORCH_MODULES.embed(targets), list_foreign_modules(targets)
    taken = {*embedded, *(module.partition(".")[0] for module in foreign)}
    definitions = write_classes(network, flow, TORCH_SYNTAX, taken, formulas)
    body = "\n\n\n".join([*embedded.values(), *definitions.values(), write_main(network, list(definitions)[-1])])
    docstring = write_docstring(network, origin, order_as_torch)
    imports = TORCH_MODULES.write_imports(body, ("torch",), foreign=foreign)
    return f"{docstring}\n\n{imports}\n\n\n{body}\n"
