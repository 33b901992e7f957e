"""The network as a torch module: the layers' `TorchCall` data, run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import fx, nn

from specnet.backends import torch_modules
from specnet.graph import Network
from specnet.layers.base import Layer, TorchCall
from specnet.layers.base.learned import is_frozen

LIBRARIES = {"nn": nn, "F": F, "torch": torch, "modules": torch_modules}


def build(network: Network) -> fx.GraphModule:
    """A module that takes N×C×H×W (one tensor an input) and gives the output, or a tuple where there are heads.

    Parameters are named as the nodes are: `conv1.weight`. The network must have been checked without errors.
    """
    root = nn.Module()
    graph = fx.Graph()
    values = {i.name: graph.placeholder(i.name) for i in network.inputs}
    for node in network.nodes:
        arriving = network.input_shapes(node)
        if node.layer is None or arriving is None:
            raise ValueError(f"`{node.name}` stands at an error or behind one: check the spec first")
        inputs = [values[name] for name in node.inputs]
        for call in node.layer.torch(arriving):
            if call.is_module and not node.shares:
                _place(root, node.name, _frozen(node.layer, _named(call.target)(**call.arguments)))
            inputs = [_applied(graph, call, node.shares or node.name, inputs)]
        values[node.name] = inputs[0]
    ends = [values[name] for name in network.outputs] + [values[head.value] for head in network.heads]
    graph.output(ends[0] if len(ends) == 1 else tuple(ends))
    return fx.GraphModule(root, graph, class_name="".join(c for c in network.name if c.isalnum()) or "Network")


def _named(target: str) -> Any:
    """The class or function of that name: `nn.Conv2d`, `F.pad`, `modules.Scale`."""
    library, _, name = target.partition(".")
    return getattr(LIBRARIES[library], name)


def _frozen(layer: Layer, module: nn.Module) -> nn.Module:
    """The module, with what `freeze` names kept from being learned."""
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(not is_frozen(layer, name))
    return module


def _applied(graph: fx.Graph, call: TorchCall, name: str, inputs: Sequence[fx.Node]) -> fx.Node:
    """What a call, or the module placed at `name`, makes of what arrives."""

    def apply(*values: Any) -> fx.Node:
        if call.is_module:
            return graph.call_module(name, values)
        return graph.call_function(_named(call.target), values, dict(call.arguments))

    match call.joins:
        case "fold":
            return reduce(apply, inputs)
        case "list":
            return apply(list(inputs))
        case None:
            return apply(*inputs)


def _place(root: nn.Module, name: str, module: nn.Module) -> None:
    """Hangs a module in at its dotted name."""
    *path, last = name.split(".")
    for part in path:
        if not hasattr(root, part):
            root.add_module(part, nn.Module())
        root = getattr(root, part)
    root.add_module(last, module)
