"""Build the torch module of a network from the `TorchCall` data of its layers."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from torch import fx, nn

from specnet.backends.meta_device import verify_network
from specnet.backends.torch_targets import join_values, measure_size, resolve
from specnet.graph import Network, Node
from specnet.layers.base import Layer, TorchCall
from specnet.layers.base.families import is_frozen
from specnet.naming import make_unused_name


def build_module(network: Network) -> fx.GraphModule:
    """Return a module that takes one N×C×H×W tensor per input and returns the output, or a tuple if there are heads.

    Parameters are named after their nodes: `conv1.weight`. `meta["values"]` holds the name that the value of each node
    has in the module's graph, `meta["traits"]` the traits of its layer; `meta["layer"]` of each call in the graph names
    its node. Raises ValueError if the network was checked with errors, or is that of a file of blocks alone, and
    PluginError for the layer of a plugin that is not as it says.
    """
    if not network.outputs:
        raise ValueError("there are no layers to build a module of")
    verify_network(network)
    root = nn.Module()
    graph = fx.Graph()
    values = _add_inputs(graph, [i.name for i in network.inputs])
    for node in network.nodes:
        shapes = network.input_shapes(node)
        if node.layer is None or shapes is None:
            raise ValueError(f"`{node.name}` has an error, or follows one: check the spec first")
        inputs = [values[name] for name in node.inputs]
        for call in node.layer.torch(shapes):
            if call.is_module and not node.shares:
                _place(root, node.name, _freeze(node.layer, resolve(call.target)(**call.arguments)))
            inputs = [_apply(graph, call, node, inputs)]
        values[node.name] = inputs[0]
    outputs = [values[name] for name in network.outputs] + [values[head.value] for head in network.heads]
    graph.output(outputs[0] if len(outputs) == 1 else tuple(outputs))
    module = fx.GraphModule(root, graph, class_name="".join(c for c in network.name if c.isalnum()) or "Network")
    module.meta["values"] = {node.name: values[node.name].name for node in network.nodes}
    module.meta["traits"] = {node.name: node.layer.traits for node in network.nodes if node.layer}
    return module


def _add_inputs(graph: fx.Graph, names: Sequence[str]) -> dict[str, fx.Node]:
    """Add an argument for each input; where fx keeps the value under another name, that of no other argument."""
    renamed = {name: make_unused_name(f"{name}_value", names) for name in names if hasattr(builtins, name)}
    return {name: graph.create_node("placeholder", name, name=renamed.get(name)) for name in names}


def _freeze(layer: Layer, module: nn.Module) -> nn.Module:
    """Switch off the gradients of the parameters that the layer's `freeze` names."""
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(not is_frozen(layer, name))
    return module


def _apply(graph: fx.Graph, call: TorchCall, node: Node, inputs: Sequence[fx.Node]) -> fx.Node:
    """Apply a function, or the module placed at a node or at that whose weights it shares, to the inputs."""

    def apply(*values: Any, **size: fx.Node) -> fx.Node:
        if call.is_module:
            made = graph.call_module(node.shares or node.name, values, dict(size))
        else:
            made = graph.call_function(resolve(call.target), values, {**size, **call.arguments})
        made.meta["layer"] = node.name
        return made

    return join_values(call, apply, inputs, lambda like: graph.call_function(measure_size, (like,)))


def _place(root: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module to `root` at its dotted name."""
    *path, last = name.split(".")
    for part in path:
        if not hasattr(root, part):
            root.add_module(part, nn.Module())
        root = getattr(root, part)
    root.add_module(last, module)
