<<<<<<< HEAD
"""Read Caffe's messages, `layer { type: "Convolution" … }`, field by field and without their schema.

This is protobuf's text format (https://protobuf.dev/reference/protobuf/textformat-spec/), of which every fork of Caffe
has fields of its own. What is read ends at the first thing that is no field, with an offset and a reason.
=======
"""Write a network as a prototxt for Caffe: the rows of caffe_layers.py read backwards.

A value is a blob of its node's name. What the table cannot say is collected, and refused as a whole.
>>>>>>> main
"""

from __future__ import annotations

<<<<<<< HEAD
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_FIELDS = 500_000
"""The longest networks in the wild have about 20,000."""

DEEPEST = 64
"""The most messages in each other; those of Caffe have five."""

SPACE = re.compile(r"(?:[\s,;]|#[^\n]*(?:\n|\Z))*")
KEY = re.compile(r"(?P<key>[A-Za-z_]\w*|\[[\w./]+\])[ \t\r]*(?P<sign>:(?!\s*[{<])|:?(?=\s*[{<]))")
OPENING = re.compile(r"\s*[{<]")
VALUE = re.compile(
    r"""\s*(?:(?P<texts>(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?:\s*(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))*)"""
    r"""|(?P<word>[-+]?[\w.][\w.+-]*)|\[(?P<list>[^\[\]{}]*)\])"""
)
TEXT = re.compile(r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'""")
ITEM = re.compile(rf"{VALUE.pattern}\s*(?:#[^\n]*)?,?")
WHOLE = re.compile(r"[-+]?\d{1,18}")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?")
INFINITE = re.compile(r"[-+]?(?:inf|infinity|nan)f?", re.IGNORECASE)
WORDS = {"true": True, "false": False, "True": True, "False": False}


class Field(NamedTuple):
    """A field: its name, its value, a number, bool, text, tuple of these or message, and the offset of its name."""

    key: str
    value: Any
    at: int


class Message(list[Field]):
    """The fields of a message in their order; a field may occur several times."""

    def values(self, *keys: str) -> list[Any]:
        """Return the values of all fields of these names; a list of values is several."""
        found = list[Any]()
        for key, value, _ in self:
            if key in keys:
                found.extend(value if isinstance(value, tuple) else (value,))
        return found

    def messages(self, *keys: str) -> list[Message]:
        return [value for value in self.values(*keys) if isinstance(value, Message)]

    def text(self, key: str, default: str = "") -> str:
        """Return the value of a field as text, the last one where there are several."""
        found = [value for value in self.values(key) if not isinstance(value, Message)]
        return str(found[-1]) if found else default


class Scan(NamedTuple):
    """The fields that were read as a whole, the offset behind them, and what is wrong there; nothing at the end."""

    fields: Message
    end: int
    at: int
    fault: str


def scan_fields(text: str, start: int = 0, keys: Iterable[str] = ()) -> Scan:
    """Read fields from an offset on until the text ends, or something is no field; of any names or of these."""
    known, opened, at, end = frozenset(keys), [(Message(), Field("", None, start))], start, start
    for _ in range(MOST_FIELDS):
        at = _skip_space(text, at)
        fields = opened[-1][0]
        if at == len(text):
            return _stop(opened, end, at, "" if len(opened) == 1 else "is never closed")
        if text[at] in "}>":
            if len(opened) == 1:
                return _stop(opened, end, at, "there is a brace that closes nothing")
            fields, owner = opened.pop()
            opened[-1][0].append(owner._replace(value=fields))
            at += 1
        else:
            found = KEY.match(text, at)
            if found is None or (len(opened) == 1 and known and found["key"] not in known):
                return _stop(opened, end, at, "a name is expected")
            if brace := OPENING.match(text, found.end()):
                if len(opened) > DEEPEST:
                    return _stop(opened, end, at, f"there are more than {DEEPEST} messages in each other")
                opened.append((Message(), Field(found["key"], None, at)))
                at = brace.end()
                continue
            value = VALUE.match(text, found.end()) if found["sign"] else None
            if value is None:
                return _stop(opened, end, at, f"`{found['key']}` has no value")
            fields.append(Field(found["key"], _read_value(value), at))
            at = value.end()
        end = at if len(opened) == 1 else end
    return _stop(opened, end, at, f"there are more than {MOST_FIELDS:,} fields")


def _skip_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _stop(opened: list[tuple[Message, Field]], end: int, at: int, fault: str) -> Scan:
    """Return the outer fields that are complete; a message that is still open is none of them."""
    outer = opened[1][1] if len(opened) > 1 else None
    if outer and fault == "is never closed":
        return Scan(opened[0][0], end, outer.at, f"`{outer.key} {{` {fault}")
    return Scan(opened[0][0], end, at, fault)


def _read_value(found: re.Match[str]) -> Any:
    if found["word"] is not None:
        return _read_word(found["word"])
    if found["list"] is not None:
        return tuple(map(_read_value, ITEM.finditer(found["list"])))
    return "".join(double or single for double, single in TEXT.findall(found["texts"]))


def _read_word(word: str) -> Any:
    """Return a number, a bool, or the word, as of an enumeration."""
    if WHOLE.fullmatch(word):
        return int(word)
    if NUMBER.fullmatch(word) or INFINITE.fullmatch(word):
        return float(word.rstrip("fF") if word[-1:] in "fF" and not INFINITE.fullmatch(word) else word)
    return WORDS.get(word, word)
=======
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
    if call.name == "BatchNorm":
        found = {"use_global_stats": True, **found}
    return found


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
>>>>>>> main
