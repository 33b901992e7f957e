"""The network as a torch module: the layers' `TorchCall` data, run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import fx, nn

from specnet.graph import Network
from specnet.layers.base import TorchCall

LIBRARIES = {"nn": nn, "F": F, "torch": torch}


def build(network: Network) -> fx.GraphModule:
    """A module that takes N×C×H×W (one tensor an input) and gives the output, or a tuple where there are heads.

    Parameters are named as the nodes are: `conv1.weight`. The network must have been checked without errors.
    """
    root = nn.Module()
    graph = fx.Graph()
    values = {i.name: graph.placeholder(i.name) for i in network.inputs}
    for node in network.nodes:
        arriving = network.arriving(node)
        if node.layer is None or arriving is None:
            raise ValueError(f"`{node.name}` stands at an error or behind one: check the spec first")
        value: fx.Node | list[fx.Node]
        inputs = [values[name] for name in node.inputs]
        value = inputs[0]
        for call in node.layer.torch(arriving):
            if call.is_module:
                target = node.shares or node.name
                if not node.shares:
                    _place(root, node.name, _module(call))
                value = graph.call_module(target, (value,))
            else:
                value = _function(graph, call, inputs if len(inputs) > 1 else [value])
        values[node.name] = value
    ends = [values[name] for name in network.outputs] + [values[head.value] for head in network.heads]
    graph.output(ends[0] if len(ends) == 1 else tuple(ends))
    return fx.GraphModule(root, graph, class_name="".join(c for c in network.name if c.isalnum()) or "Network")


def _module(call: TorchCall) -> nn.Module:
    module = getattr(nn, call.target.removeprefix("nn."))(*call.arguments, **call.keywords)
    assert isinstance(module, nn.Module)
    return module


def _function(graph: fx.Graph, call: TorchCall, inputs: Sequence[fx.Node]) -> fx.Node:
    """A function of torch applied to what arrives; several values arrive as one list where the call says so."""
    library, _, name = call.target.partition(".")
    return graph.call_function(getattr(LIBRARIES[library], name), (*inputs, *call.arguments), dict(call.keywords))


def _place(root: nn.Module, name: str, module: nn.Module) -> None:
    """Hangs a module in at its dotted name."""
    *path, last = name.split(".")
    for part in path:
        if not hasattr(root, part):
            root.add_module(part, nn.Module())
        root = getattr(root, part)
    root.add_module(last, module)
