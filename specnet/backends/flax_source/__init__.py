"""Write a network as readable Python source that needs only jax, Flax NNX and safetensors, with the spec's names.

network → operations on N×H×W×C → dataflow → module tree → classes → text
"""

from __future__ import annotations

from specnet.backends.channels_last.conversion import convert_nodes
from specnet.backends.channels_last.network import convert_network
from specnet.backends.flax_source.calls import FLAX_MODULES, FLAX_ROWS
from specnet.backends.flax_source.loading import write_loading
from specnet.backends.flax_source.syntax import FLAX_SYNTAX
from specnet.backends.source.class_writer import write_classes
from specnet.backends.source.docstring import write_docstring
from specnet.backends.source.module_tree import trace_dataflow
from specnet.elaborate.formulas import NO_FORMULAS, Formulas
from specnet.graph import Network

LIBRARIES = ("jax", "flax")
GLOBAL_NAMES = {"FLATTENED", "NAMES", "load_weights", "load_file"}
"""Names of the file that no class can have."""


def generate_flax_source(network: Network, origin: str = "", formulas: Formulas = NO_FORMULAS) -> str:
    """Return the source of a network that was checked without errors. Raises UnwrittenLayers.

    `origin` is the name of its spec, whose expressions for the attributes of layers are the `formulas`.
    """
    converted = convert_network(network)
    calls = convert_nodes(network, converted, "Flax", FLAX_ROWS)
    flow = trace_dataflow(converted.network, lambda node: calls[node.name])
    embedded = FLAX_MODULES.embed(call.target for calls in flow.calls.values() for call in calls)
    definitions = write_classes(converted.network, flow, FLAX_SYNTAX, {*embedded, *GLOBAL_NAMES}, formulas)
    main = _write_main(network, list(definitions)[-1])
    body = "\n\n\n".join([*embedded.values(), *definitions.values(), write_loading(converted.flattened), main])
    imports = FLAX_MODULES.write_imports(body, LIBRARIES, ["from safetensors.numpy import load_file"])
    return f"{write_docstring(network, origin, lambda shape: shape)}\n\n{imports}\n\n\n{body}\n"


def _write_main(network: Network, name: str) -> str:
    """Return lines that run the model on a batch of zeros and print the shapes of its outputs."""
    zeros = ", ".join(f"jnp.zeros(({', '.join(map(str, (1, *i.shape)))}))" for i in network.inputs)
    several = len(network.outputs) + len(network.heads) > 1
    shapes = "*(output.shape for output in outputs)" if several else "output.shape"
    return f"""if __name__ == "__main__":
    model = {name}(rngs=nnx.Rngs(0))
    model.eval()
    {"outputs" if several else "output"} = model({zeros})
    print({shapes})
    print(f"{{sum(p.size for p in jax.tree.leaves(nnx.state(model, nnx.Param))):,}} parameters")"""
