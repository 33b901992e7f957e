"""Write a network as readable Python source that needs only Keras and safetensors: layers applied to values.

network → operations on N×H×W×C → dataflow → module tree → functions → text
"""

from __future__ import annotations

from dataclasses import replace

from specnet.backends.channels_last.conversion import convert_nodes
from specnet.backends.channels_last.network import convert_network
from specnet.backends.keras_source.calls import KERAS_MODULES, KERAS_ROWS
from specnet.backends.keras_source.loading import write_loading
from specnet.backends.keras_source.names import refuse_equal_names
from specnet.backends.keras_source.padding import settle_paddings
from specnet.backends.keras_source.source_file import GLOBAL_NAMES, write_functions, write_main
from specnet.backends.source.docstring import write_docstring
from specnet.backends.source.module_tree import trace_dataflow
from specnet.elaborate.formulas import NO_FORMULAS, Formulas
from specnet.graph import Network


def generate_keras_source(network: Network, origin: str = "", formulas: Formulas = NO_FORMULAS) -> str:
    """Return the source of a network that was checked without errors. Raises UnwrittenLayers.

    `origin` is the name of its spec, whose expressions for the attributes of layers are the `formulas`.
    """
    converted = convert_network(network)
    converted = replace(converted, operations=settle_paddings(network, converted.operations))
    calls = convert_nodes(network, converted, "Keras", KERAS_ROWS)
    refuse_equal_names(network)
    flow = trace_dataflow(converted.network, lambda node: calls[node.name])
    embedded = KERAS_MODULES.embed(call.target for calls in flow.calls.values() for call in calls)
    functions = write_functions(converted.network, flow, {*embedded, *GLOBAL_NAMES}, formulas)
    text = "\n\n\n".join([*embedded.values(), *functions])
    body = "\n\n\n".join([text, write_loading(converted.flattened, text), write_main(network)])
    imports = KERAS_MODULES.write_imports(body, ("keras", "numpy"), ["from safetensors.numpy import load_file"])
    return f"{write_docstring(network, origin, lambda shape: shape)}\n\n{imports}\n\n\n{body}\n"
