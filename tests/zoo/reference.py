"""Read the reference records of torch (torchvision, timm, pytorchcv), Caffe and Keras as steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

from steps import Shape, Step, Window, simplify

Record = dict[str, Any]

KINDS: Mapping[str, str] = {
    # torch's modules
    "Conv2d": "conv",
    "ConvTranspose2d": "deconv",
    "Linear": "fc",
    "BatchNorm2d": "bn",
    "LayerNorm": "ln",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SiLU": "silu",
    "GELU": "gelu",
    "Sigmoid": "sigmoid",
    "Hardswish": "hard_swish",
    "Hardsigmoid": "hard_sigmoid",
    "Dropout": "dropout",
    "MaxPool2d": "pool max",
    "AvgPool2d": "pool avg",
    "AdaptiveAvgPool2d": "pool avg",
    "Upsample": "upsample",
    "Flatten": "flatten",
    "Identity": "identity",
    "MultiheadAttention": "attention",
    # its functions
    "batch_norm": "bn",
    "layer_norm": "ln",
    "local_response_norm": "lrn",
    "max_pool2d": "pool max",
    "avg_pool2d": "pool avg",
    "adaptive_avg_pool2d": "pool avg",
    "mean": "pool avg",
    "stochastic_depth": "drop_path",
    "cat": "concat",
    "view": "reshape",
    # Caffe
    "Input": "input",
    "Convolution": "conv",
    "InnerProduct": "fc",
    "BatchNorm": "statistics",
    "Scale": "bn",
    "LRN": "lrn",
    "Eltwise": "add",
    "Concat": "concat",
    "Softmax": "softmax",
    # Keras
    "InputLayer": "input",
    "Conv2D": "conv",
    "DepthwiseConv2D": "conv",
    "SeparableConv2D": "conv",
    "Dense": "fc",
    "BatchNormalization": "bn",
    "MaxPooling2D": "pool max",
    "AveragePooling2D": "pool avg",
    "GlobalAveragePooling2D": "pool avg",
    "ZeroPadding2D": "pad",
    "Rescaling": "preprocessing",
    "Normalization": "preprocessing",
    "Add": "add",
    "Multiply": "mul",
    "Concatenate": "concat",
    "Reshape": "reshape",
}
"""Their kinds and ours, where they differ."""

LEARNED: Mapping[str, str] = {"mul": "scale", "cat": "class_token", "add": "positions"}
"""Functions that read weights, by the layers that do what they do."""


@dataclass(frozen=True)
class Reference:
    """A network as another implementation ran it, with its totals; `parameters` counts the trainable ones."""

    steps: list[Step]
    parameters: int
    macs: int


def read_reference(file: Path) -> Reference:
    data = json.loads(file.read_text(encoding="utf-8"))
    source, totals = file.name.partition("_")[0], data["totals"]
    if source == "caffe":
        steps = list(_caffe(data["layers"]))
    elif source == "keras":
        steps = list(_keras(data["layers"]))
    else:
        layers = {layer["name"]: layer for layer in reversed(data["layers"])}
        steps = list(_torch(data.get("graph") or _chain(data), layers))
    macs = totals["macs"] + sum(map(_count_products, data["layers"]))
    return Reference(simplify(steps), totals.get("trainable", totals["params"]), macs)


def _count_products(layer: Record) -> int:
    """Return the multiply-accumulates of the two products of attention, which records list apart."""
    return int(layer.get("attention_matmul_macs_not_counted", 0))


def _caffe(layers: Sequence[Record]) -> Iterator[Step]:
    for layer in layers:
        kind = KINDS.get(layer["kind"], layer["kind"].lower())
        if kind == "pooling":
            kind = {"MAX": "pool max", "AVE": "pool avg"}[layer["attrs"]["pool"]]
        inputs, output = tuple(layer["input_layers"]), _channels_last(layer["output"])
        yield Step(layer["name"], kind, inputs, output, layer["params"], layer["macs"], _window(kind, layer))


def _keras(layers: Sequence[Record]) -> Iterator[Step]:
    """Yield steps; an activation inside a layer is a step, and so is each half of a separable convolution."""
    ends = dict[str, str]()
    for layer in layers:
        attrs, name, output = layer["attrs"], layer["name"], tuple(layer["output"][1:])
        inputs = tuple(ends.get(name, name) for name in layer["input_layers"])
        parameters, macs = layer["trainable"], layer["macs"]
        activation = attrs.get("activation", "linear")
        if layer["kind"] == "SeparableConv2D":
            depthwise = _depthwise(layer, inputs)
            yield depthwise
            inputs, parameters, macs = (depthwise.name,), parameters - depthwise.parameters, macs - depthwise.macs
            attrs = {"kernel_size": [1, 1], "strides": [1, 1]}
        if layer["kind"] != "Activation":
            kind = KINDS.get(layer["kind"], layer["kind"].lower())
            yield Step(name, kind, inputs, output, parameters, macs, _keras_window(kind, layer, attrs))
            inputs = (name,)
        if activation != "linear":
            ends[name] = f"{name}/{activation}"
            yield Step(ends[name], activation, inputs, output)


def _depthwise(layer: Record, inputs: tuple[str, ...]) -> Step:
    """Return the first half of a separable convolution, with one filter per channel."""
    channels, (height, width) = layer["inputs"][0][-1], layer["output"][1:3]
    weights = channels * prod(layer["attrs"]["kernel_size"])
    window = Window(_pair(layer["attrs"]["kernel_size"]), _pair(layer["attrs"]["strides"]), groups=channels)
    name, output = f"{layer['name']}/depthwise", (height, width, channels)
    return Step(name, "conv", inputs, output, weights, weights * height * width, window)


def _keras_window(kind: str, layer: Record, attrs: Record) -> Window | None:
    groups = layer["inputs"][0][-1] if layer["kind"] == "DepthwiseConv2D" else attrs.get("groups", 1)
    kernel = attrs.get("kernel_size", attrs.get("pool_size"))
    return _window(kind, {"kernel": kernel, "stride": attrs.get("strides"), "groups": groups})


def _chain(data: Record) -> list[Record]:
    """Return the graph of a network recorded without one: each layer reads the one before."""
    nodes = [{"id": "x", "op": "placeholder", "target": "x", "args": [], "output": data["input"]}]
    for layer in data["layers"]:
        name, before = layer["name"], f"%{nodes[-1]['id']}"
        nodes.append({"id": name, "op": "call_module", "target": name, "args": [before], "output": layer["output"]})
    return nodes


def _torch(nodes: Sequence[Record], layers: Mapping[str, Record]) -> Iterator[Step]:
    """Yield the nodes that give a map or a vector; weights that a function reads are its parameters."""
    shapes, weights, channels_last = dict[str, Shape](), dict[str, int](), dict[str, bool]()
    for node in nodes[:-1] if nodes[-1]["op"] == "output" else nodes:
        name, is_input = node["id"], node["op"] == "placeholder"
        output: Any = node.get("output")
        if node.get("kind") == "MultiheadAttention":
            output = output[0]  # its weights stand beside it
        read = list(_names([node["args"], node.get("kwargs", {})]))
        inputs = tuple(value for value in read if value in shapes)
        learned = sum(weights.get(value, 0) for value in read)
        if node["op"] == "get_attr":
            weights[name] = 0 if "running" in node["target"] else prod(output)
        elif learned and not inputs:
            weights[name] = learned
        elif (inputs or is_input) and output and isinstance(output[0], int):
            no_module: Record = {"params": learned, "macs": 0}
            layer = layers[node["target"]] if node["op"] == "call_module" else no_module
            word = layer.get("kind") or node["target"].rpartition(".")[2]
            kind = "input" if is_input else (LEARNED if learned else KINDS).get(word, KINDS.get(word, word))
            channels_last[name] = any(channels_last[value] for value in inputs) != (kind == "permute")
            shapes[name] = tuple(output[1:]) if channels_last[name] else _channels_last(output)
            if kind == "fc" and len(output) == 4:
                kind, layer = "conv", layer | {"kernel": [1, 1], "stride": [1, 1], "padding": [0, 0]}
            if word == "getitem":
                kind = "identity" if shapes[name] == shapes[inputs[0]] else "token"
            if kind == "attention":
                inputs = tuple(dict.fromkeys(inputs))
            window, macs = _window(kind, _called(node) | layer), layer["macs"] + _count_products(layer)
            yield Step(name, kind, inputs, shapes[name], layer["params"], macs, window)


def _names(values: Any) -> Iterator[str]:
    """Yield the names of the nodes among arguments, in order."""
    if isinstance(values, str) and values.startswith("%"):
        yield values[1:]
    elif isinstance(values, list | dict):
        yield from chain.from_iterable(map(_names, values.values() if isinstance(values, dict) else values))


def _called(node: Record) -> Record:
    """Return the window among the arguments of a function."""
    given, args = node.get("kwargs", {}), node["args"][1:]
    has_window = node["target"].endswith("pool2d") and "adaptive" not in node["target"]
    return {"kernel": given.get("kernel_size", args[0] if args else None), **given} if has_window else {}


def _window(kind: str, given: Record) -> Window | None:
    kernel, stride, padding = given.get("kernel"), given.get("stride"), given.get("padding")
    if kind.startswith("pool"):
        return Window(_pair(kernel), _pair(stride or kernel)) if kernel else Window(None)
    if kind not in ("conv", "deconv"):
        return None
    dilation, groups = _pair(given.get("dilation", 1)), given.get("groups", 1)
    return Window(_pair(kernel), _pair(stride), _pair(padding) if padding else None, dilation, groups)


def _pair(value: Any) -> Shape:
    return (value, value) if isinstance(value, int) else tuple(value)


def _channels_last(shape: Sequence[int]) -> Shape:
    """Convert N×C×H×W to H×W×C, or N×C to C."""
    return (*shape[2:], shape[1])
