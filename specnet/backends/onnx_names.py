"""Name the nodes and values of an ONNX graph after the layers of a network, which torch.onnx knows as modules only.

The last node of a layer and its value have the layer's name, `stage2.conv1`, the others the operator's behind it,
`stage2.conv1/Pad`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import fx, nn

SCOPES = "pkg.torch.onnx.name_scopes"
"""The key under which torch.onnx keeps the paths of the modules around a node."""

NAMESPACE = "namespace"
"""The key by which viewers group nodes: names with / between them."""

CALL = "call"


class LabelledCall(nn.Module):
    """A call of a function, or of a module that another layer owns, as a module, which torch.onnx keeps track of."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = (function,)  # in a tuple, as a module would become a part of this one

    def forward(self, *values: Any, **arguments: Any) -> Any:
        return self._function[0](*values, **arguments)


def label_calls(network: fx.GraphModule) -> tuple[fx.GraphModule, dict[str, str]]:
    """Return a network of `build_module` in which each call is that of a module, and the layers by their paths.

    Both share the weights.
    """
    graph, labels, seen = fx.Graph(), dict[str, str](), set[str]()
    modules = {name: module for name, module in network.named_modules() if name}
    copies: dict[fx.Node, fx.Node] = {}
    for node in network.graph.nodes:
        copy = copies[node] = graph.node_copy(node, copies.__getitem__)
        layer = node.meta.get("layer", "")
        if not layer:
            continue
        if node.op == "call_module" and node.target not in seen:
            labels[str(node.target)] = layer
        else:
            name = f"{CALL}_{len(labels)}"
            target = modules[str(node.target)] if node.op == "call_module" else node.target
            modules[name], labels[name] = LabelledCall(target), layer
            copy.op, copy.target = "call_module", name
        seen.add(str(node.target))
    called = {str(node.target): modules[str(node.target)] for node in graph.nodes if node.op == "call_module"}
    return fx.GraphModule(called, graph, class_name=type(network).__name__), labels


class Names(NamedTuple):
    """Names of layers by the paths of modules, as `label_calls` returns them, and of inputs and outputs in order."""

    layers: Mapping[str, str] = MappingProxyType({})
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()


UNNAMED = Names()
"""Leaves inputs and outputs as torch names them."""


def name_after_layers(graph: Any, names: Names) -> None:
    """Name the nodes and values of an onnx_ir.Graph, and what it takes and returns."""
    for value, name in zip(graph.inputs, names.inputs, strict=False):
        value.name = name
    layers = [_find_layer(node, names.layers) for node in graph]
    last = {layer: place for place, layer in enumerate(layers) if layer}
    returned = {id(value): name for value, name in zip(graph.outputs, names.outputs, strict=False)}
    taken = {value.name for value in (*graph.inputs, *graph.initializers.values())} | set(names.outputs)
    counts = Counter[str]()
    for place, (node, layer) in enumerate(zip(graph, layers, strict=True)):
        name = layer if last.get(layer) == place else f"{layer}/{node.op_type}".lstrip("/")
        node.name = _make_unique(name, counts)
        _describe(node, layer)
        for number, value in enumerate(node.outputs):
            wanted = node.name if number == 0 else f"{node.name}:{number}"
            value.name = returned.get(id(value)) or (f"{wanted}/value" if wanted in taken else wanted)


def _find_layer(node: Any, labels: Mapping[str, str]) -> str:
    """Return the layer that a node computes a part of, or another module's path; "" for none."""
    scopes = [str(scope) for scope in ast.literal_eval(node.metadata_props.get(SCOPES, "[]"))][:-1]
    return next((labels[scope] for scope in scopes if scope in labels), scopes[-1] if scopes[1:] else "")


def _describe(node: Any, layer: str) -> None:
    """Keep of what torch.onnx says of a node, such as the lines of its source, the scope alone."""
    node.metadata_props.clear()
    node.doc_string = None
    if layer:
        node.metadata_props[NAMESPACE] = layer.replace(".", "/")


def _make_unique(name: str, counts: Counter[str]) -> str:
    counts[name] += 1
    return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"
