"""Write a network as a prototxt for Caffe: the rows of caffe_layers.py read backwards.

A value is a blob of its node's name. What the table cannot say is collected, and refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from specnet.foreign.caffe_layers import CAFFE, SIDES
from specnet.foreign.inverse import Call, Refused, Unsaid, describe_layer, find_call
from specnet.foreign.values import Value
from specnet.graph import Network, Node
from specnet.layers.base import is_sequence, order_as_torch

MESSAGES: Mapping[str, str] = {
    "Convolution": "convolution_param",
    "Deconvolution": "convolution_param",
    "DepthwiseConvolution": "convolution_param",
    "InnerProduct": "inner_product_param",
    "Pooling": "pooling_param",
    "BatchNorm": "batch_norm_param",
    "Scale": "scale_param",
    "LRN": "lrn_param",
    "ReLU": "relu_param",
    "PReLU": "prelu_param",
    "ELU": "elu_param",
    "Softmax": "softmax_param",
    "Dropout": "dropout_param",
    "Power": "power_param",
    "ShuffleChannel": "shuffle_channel_param",
    "Eltwise": "eltwise_param",
    "Concat": "concat_param",
}
"""The message with the parameters of each type."""

SILENT = frozenset({"identity", "drop_path"})
"""Kinds that leave their input as it is once they are trained; no layer is written for them."""

ALWAYS: Mapping[str, Mapping[str, Value]] = {"BatchNorm": {"use_global_stats": True}, "Pooling": {"pool": "MAX"}}
"""Parameters that are written also where they have Caffe's default, as people do, and OpenCV needs."""

INDENT = "  "


class CaffeLayer(NamedTuple):
    """A layer: its type, the blobs that it reads and writes, its parameters, and the node with its weights."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    top: str
    parameters: Mapping[str, Value]
    node: str = ""
    shared: str = ""
    """The node that has the same weights; "" if they are its own."""


class CaffeNetwork(NamedTuple):
    """The layers that compute a network, without its inputs, the nodes that have no counterpart, and the blobs."""

    layers: list[CaffeLayer]
    refused: list[Refused]
    blobs: dict[str, str]
    """The blob with the value of each node and input."""


def list_caffe_layers(network: Network) -> CaffeNetwork:
    """Return a network as Caffe has it."""
    layers, refused, blobs = list[CaffeLayer](), list[Refused](), {each.name: each.name for each in network.inputs}
    for node in network.nodes:
        if node.kind in SILENT:
            blobs[node.name] = blobs[node.inputs[0]]
            continue
        blobs[node.name] = node.name
        try:
            layers += _write_node(network, node, tuple(blobs[name] for name in node.inputs))
        except Unsaid as reason:
            refused.append(Refused(node.name, str(reason)))
    return CaffeNetwork(layers, refused, blobs)


def _write_node(network: Network, node: Node, bottoms: tuple[str, ...]) -> Iterator[CaffeLayer]:
    """Yield the layers of a node; raises Unsaid."""
    shapes = network.input_shapes(node)
    assert node.layer and shapes, "the network is checked"
    if any(map(is_sequence, (*shapes, node.output or ()))):
        raise Unsaid("a sequence of tokens")
    described = describe_layer(node.kind, node.layer, shapes)
    is_affine = node.kind == "bn" and described.values["affine"]
    if is_affine:  # a BatchNorm only normalises, and a Scale follows
        described = replace(described, values={**described.values, "affine": False})
    call = find_call([described], CAFFE)
    if call.name == "Eltwise" and len(set(shapes)) > 1:
        raise Unsaid("inputs of several shapes, of which the smaller is repeated")
    shared = node.shares or ""
    yield CaffeLayer(node.name, call.name, bottoms, node.name, _arrange(call), node.name, shared)
    if is_affine:
        name = f"{node.name}_scale"
        yield CaffeLayer(name, "Scale", (node.name,), node.name, {"bias_term": True}, node.name, shared)


def _arrange(call: Call) -> dict[str, Value]:
    """Return the parameters of a call as caffe.proto has them, with one for each side where these differ."""
    found = dict[str, Value]()
    for name, value in call.arguments.items():
        if name == "pad":
            value = tuple(_collapse_side(side) for side in value)
        side = dict(SIDES).get(name)
        if side and isinstance(value, tuple) and value[0] != value[1]:
            found |= {f"{side}_h": value[0], f"{side}_w": value[1]}
        elif isinstance(value, tuple) and len(set(value)) == 1:
            found[name] = value[0]
        else:
            found[name] = value
    return {**ALWAYS.get(call.name, {}), **found}


def _collapse_side(side: tuple[int, int]) -> int:
    before, after = side
    if before != after:
        raise Unsaid(f"padding of {before} before and {after} after the map")
    return before


def format_prototxt(network: Network, layers: Sequence[CaffeLayer], batch: int, remarks: Sequence[str]) -> str:
    """Return the text of a prototxt for deployment; `remarks` are comments at its head."""
    lines = [*(f"# {remark}".rstrip() for remark in remarks), f"name: {_quote(network.name)}"]
    for each in network.inputs:
        dims = " ".join(f"dim: {size}" for size in (batch, *order_as_torch(each.shape)))
        body = [f"name: {_quote(each.name)}", 'type: "Input"', f"top: {_quote(each.name)}"]
        lines += _format_message("layer", [*body, f"input_param {{ shape {{ {dims} }} }}"])
    for layer in layers:
        lines += _format_message("layer", _format_layer(layer))
    return "\n".join(lines) + "\n"


def _format_layer(layer: CaffeLayer) -> list[str]:
    lines = [f"name: {_quote(layer.name)}", f"type: {_quote(layer.type)}"]
    lines += [f"bottom: {_quote(blob)}" for blob in layer.bottoms]
    lines.append(f"top: {_quote(layer.top)}")
    fields = [
        f"{name}: {_format_value(each)}"
        for name, value in layer.parameters.items()
        for each in (value if isinstance(value, tuple) else (value,))
    ]
    if fields and len(fields) <= 2:
        lines.append(f"{MESSAGES[layer.type]} {{ {' '.join(fields)} }}")
    elif fields:
        lines += _format_message(MESSAGES[layer.type], fields)
    return lines


def _format_message(name: str, lines: Sequence[str]) -> list[str]:
    return [f"{name} {{", *(f"{INDENT}{line}" for line in lines), "}"]


def _format_value(value: Any) -> str:
    """Return a number, a bool or an enum's word as the text format of protobuf has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
