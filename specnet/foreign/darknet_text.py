"""Write a network as a cfg for Darknet: the rows of darknet_layers.py read backwards.

A section reads the one before it, and others by their numbers. A convolution takes in the normalisation and the
activation that alone read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from specnet.foreign.darknet_layers import ACTIVATIONS, DARKNET
from specnet.foreign.inverse import ROUNDING, Call, Described, Refused, Unsaid, describe_layer, find_call, read_words
from specnet.foreign.values import Value
from specnet.graph import Network, Node
from specnet.layers import get_layer_class
from specnet.layers.base import is_map, is_sequence
from specnet.printer.values import format_value

SILENT = frozenset({"identity", "drop_path"})
"""Kinds that leave their input as it is once they are trained; no section is written for them."""

NORMALISED = frozenset({"conv", "deconv", "fc"})
"""Kinds whose section may normalise its output."""

NORMALISATION, SUM, POOL = "bn", "add", "pool"

ACTIVATED = frozenset({"convolutional", "deconvolutional", "connected", "shortcut"})
"""Sections that end in an activation."""

ALWAYS: Mapping[str, Mapping[str, Value]] = {
    "convolutional": {"batch_normalize": 0, "filters": 1, "size": 1, "stride": 1},
    "deconvolutional": {"batch_normalize": 0, "filters": 1, "size": 1, "stride": 1},
    "connected": {"batch_normalize": 0, "output": 1},
    "upsample": {"stride": 2},
}
"""Options that are written also where they have their defaults, which not all programs know, in their usual order."""

POOLS = frozenset({"maxpool", "local_avgpool"})

FREE = frozenset({"momentum", "eps"})
"""Fields of a normalisation: one matters to training alone, and the variances of the weights take in the other."""


class Section(NamedTuple):
    """A section: its name, its options, and the nodes whose weights it has, the last of which names its value."""

    kind: str
    options: Mapping[str, Value]
    nodes: tuple[str, ...]


@dataclass
class DarknetNetwork:
    """The sections so far, the nodes that have no counterpart, and the number of the section with each value."""

    sections: list[Section] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def refer(self, value: str) -> int:
        """Return the number by which the next section refers to a value, back from itself."""
        return self.places[value] - len(self.sections)

    def add(self, kind: str, options: Mapping[str, Value], nodes: Sequence[str]) -> None:
        self.sections.append(Section(kind, options, tuple(nodes)))
        for node in nodes:
            self.places[node] = len(self.sections) - 1


def list_darknet_sections(network: Network) -> DarknetNetwork:
    """Return a network as Darknet has it, without [net]."""
    return _Writing(network).write()


class _Writing:
    """The network, its readers, and what is written of it."""

    def __init__(self, network: Network) -> None:
        self.network, self.found = network, DarknetNetwork()
        self.readers: dict[str, list[Node]] = {}
        for node in network.nodes:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node)
        self.kept = Counter([*network.outputs, *(head.value for head in network.heads)])
        self.done: set[str] = set()

    def write(self) -> DarknetNetwork:
        self._refuse_inputs()
        for node in self.network.nodes:
            if node.name in self.done:
                continue
            try:
                self._write_node(node)
            except Unsaid as reason:
                self.found.refused.append(Refused(node.name, str(reason)))
                self.found.places[node.name] = len(self.found.sections)  # of any section, as nothing is written
        self._end_with_output()
        return self.found

    def _end_with_output(self) -> None:
        """Put the output last, which is what Darknet returns, where a head or another output stands behind it."""
        *_, output = self.network.outputs
        if not self.found.refused and self.found.refer(output) != -1:
            self.found.add("route", {"layers": (self.found.refer(output),)}, [])
            self.found.places[output] = len(self.found.sections) - 1

    def _refuse_inputs(self) -> None:
        """Place the input before the first section; only one map can be read."""
        for each in self.network.inputs:
            self.found.places[each.name] = -1
        if len(self.network.inputs) > 1 or not is_map(self.network.inputs[0].shape):
            self.found.refused += [
                Refused(each.name, "more than one input, or none of a map") for each in self.network.inputs
            ]

    def _write_node(self, node: Node) -> None:
        """Add the section of a node, with the nodes that it takes in; raises Unsaid."""
        self._refuse_node(node)
        if node.kind in SILENT or self._is_flat(node):
            self.found.places[node.name] = self.found.places[node.inputs[0]]
            return
        taken = self._take_in(node)
        call = self._find_call(node, taken)
        options = self._refer(node, call)
        self.done.update(each.name for each in taken)
        self.found.add(call.name, options, [each.name for each in taken])

    def _refuse_node(self, node: Node) -> None:
        shapes = self.network.input_shapes(node)
        assert node.layer and shapes, "the network is checked"
        if node.shares:
            raise Unsaid("weights that are those of another layer")
        if any(map(is_sequence, (*shapes, node.output or ()))):
            raise Unsaid("a sequence of tokens")

    def _is_flat(self, node: Node) -> bool:
        """Whether a node only flattens its input, as what reads it does for itself; joins need its size."""
        readers = self.readers.get(node.name, [])
        return node.kind == "flatten" and not any(len(each.inputs) > 1 for each in readers)

    def _take_in(self, node: Node) -> list[Node]:
        """Return a node with the normalisation and the activation behind it that alone read it."""
        taken = [node]
        if node.kind in NORMALISED:
            taken += [each for each in self._find_only_reader(node) if each.kind == NORMALISATION]
        if node.kind in NORMALISED or node.kind == SUM:
            taken += [each for each in self._find_only_reader(taken[-1]) if _name_activation(self._describe(each))]
        return taken

    def _find_only_reader(self, node: Node) -> list[Node]:
        """Return the single node that reads a value and nothing else, unless the value is an output."""
        readers = self.readers.get(node.name, [])
        is_taken_in = len(readers) == 1 and not self.kept[node.name] and len(readers[0].inputs) == 1
        return readers if is_taken_in and not readers[0].shares else []

    def _describe(self, node: Node) -> Described:
        shapes = self.network.input_shapes(node)
        assert node.layer and shapes, "the network is checked"
        found = describe_layer(node.kind, node.layer, shapes)
        free = FREE if node.kind == NORMALISATION else {ROUNDING} if node.kind == POOL else frozenset[str]()
        return replace(found, free=found.free | free)

    def _find_call(self, node: Node, taken: Sequence[Node]) -> Call:
        """Return the section of a chain of layers; raises Unsaid."""
        described = [self._describe(each) for each in taken]
        if name := _name_activation(described[0]):
            return Call("activation", {"activation": name})
        if special := self._write_special(node, described[0]):
            return special
        activation = _name_activation(described[-1])
        chain = described[:-1] if activation else described
        if node.kind in NORMALISED:  # a bias is a part of the mean, or else always there
            chain[0] = replace(chain[0], values={**chain[0].values, "bias": len(chain) == 1})
        call = find_call(chain, DARKNET)
        arguments = dict(call.arguments)
        if call.name in ACTIVATED:
            arguments["activation"] = activation or "linear"
        return Call(call.name, _arrange(call.name, arguments, chain[0]))

    def _write_special(self, node: Node, described: Described) -> Call | None:
        """Return the section of a layer for whose row a formula stands, or that several sections can be."""
        shapes = self.network.input_shapes(node) or ()
        values = described.values
        match node.kind:
            case "lrn":
                alpha = values["alpha"] / values["size"]
                return Call(
                    "normalization",
                    {"size": values["size"], "alpha": alpha, "beta": values["beta"], "kappa": values["k"]},
                )
            case "mul" if len(shapes) == 2 and shapes[0] == shapes[1]:
                return Call("sam", {})
            case "mul" if len(shapes) == 2 and (1, 1, shapes[0][-1]) in shapes:
                return Call("scale_channels", {})
            case "mul":
                raise Unsaid("inputs of such shapes")
            case "add" if len(set(shapes)) > 1:
                raise Unsaid("inputs of several shapes, of which the smaller is repeated")
            case "slice":
                return Call("route", _choose_group(values, shapes[0]))
        return None

    def _refer(self, node: Node, call: Call) -> dict[str, Value]:
        """Return the options of a section with the numbers of those that it reads; a [route] may come first."""
        inputs, options = list(node.inputs), dict(call.arguments)
        if call.name == "route":
            return {"layers": tuple(map(self._refer_to, inputs)), **options}
        if call.name == "scale_channels":  # the factors are the section before it
            shapes = self.network.shapes
            inputs.sort(key=lambda name: (shapes[name] or ())[:2] != (1, 1))
        else:
            newest = len(self.found.sections) - 1
            inputs.sort(key=lambda name: self.found.places[name] != newest)
        self._make_previous(inputs[0])
        others = tuple(map(self._refer_to, inputs[1:]))
        return {"from": others, **options} if others else options

    def _make_previous(self, value: str) -> None:
        """Add a [route] to a value unless it is that of the section before."""
        if self.found.refer(value) != -1:
            self.found.add("route", {"layers": (self._refer_to(value),)}, [])

    def _refer_to(self, value: str) -> int:
        """Return the number by which the next section refers to a value; raises Unsaid for the input."""
        if self.found.places[value] < 0:
            raise Unsaid("the input of the network, which only the first section can read")
        return self.found.refer(value)


def _name_activation(described: Described) -> str:
    """Return Darknet's name of an activation; "" if it has none."""
    return next((name for name, text in ACTIVATIONS.items() if text and _is_layer(text, described)), "")


def _is_layer(text: str, described: Described) -> bool:
    """Whether words such as `leaky_relu slope=0.1` are a layer; a chain of several is none."""
    kind, *words = text.split()
    cls = get_layer_class(kind)
    if kind != described.kind or cls is None or "->" in words:
        return False
    wanted = cls.model_validate(read_words(words, cls))
    return all(getattr(wanted, field) == value for field, value in described.values.items())


def _choose_group(values: Mapping[str, Value], shape: Sequence[int]) -> dict[str, Value]:
    """Return the options by which a [route] takes one of several equal parts of channels; raises Unsaid."""
    low, high = int(values["channels"].low), int(values["channels"].high)
    size, channels = high - low, shape[-1]
    if values["axis"] != "C" or channels % size or low % size:
        raise Unsaid(f"channels that are none of several equal parts, {format_value(values['channels'])}")
    return {"groups": channels // size, "group_id": low // size} if size < channels else {}


def _arrange(kind: str, arguments: dict[str, Value], layer: Described) -> dict[str, Value]:
    """Return options as Darknet has them: single numbers, and its own ways of padding; raises Unsaid."""
    padding = arguments.pop("padding", None)
    dilation = _collapse("dilation", arguments.get("dilation", 1))
    found = {name: _collapse(name, value) for name, value in arguments.items() if name != "stride"}
    stride = arguments.get("stride", 1)
    if isinstance(stride, tuple) and stride[0] != stride[1]:
        found |= {"stride_y": stride[0], "stride_x": stride[1]}
    elif "stride" in arguments or kind in POOLS:
        found["stride"] = stride[0] if isinstance(stride, tuple) else stride
    if kind in ALWAYS:
        found = {name: found.get(name, default) for name, default in ALWAYS[kind].items()} | found
    size = found.get("size", 1)
    if kind in POOLS:
        total = _choose_total(layer)
        return found if total == size - 1 else {**found, "padding": total}
    if padding is not None:
        found |= _choose_padding(padding, size, dilation)
    last = {name: found.pop(name) for name in ("activation",) if name in found}
    return found | last


def _choose_padding(padding: Value, size: int, dilation: int) -> dict[str, Value]:
    """Return `pad=1` for half of the window, or `padding`, which Darknet multiplies by the dilation; raises Unsaid."""
    pixels = _collapse("padding", tuple(_collapse("padding", side) for side in padding))
    if pixels % dilation:
        raise Unsaid(f"padding={pixels} that is no multiple of the dilation")
    if pixels // dilation == size // 2:
        return {"pad": 1}
    return {"padding": pixels // dilation} if pixels else {}


def _collapse(name: str, value: Value) -> Value:
    if not isinstance(value, tuple):
        return value
    if len(set(value)) > 1:
        raise Unsaid(f"{name} of {value[0]} and {value[1]}")
    return value[0]


def _choose_total(layer: Described) -> int:
    """Return the padding in all, half of it before, with which a pool has the same windows; raises Unsaid."""
    for total in (2 * layer.axes[0].before, 2 * layer.axes[0].before + 1):
        if all(
            total // 2 == axis.before and (axis.size + total - axis.window) // axis.stride + 1 == axis.positions
            for axis in layer.axes
        ):
            return total
    raise Unsaid("a padding that comes to other windows")


def format_cfg(network: Network, sections: Sequence[Section], remarks: Sequence[str]) -> str:
    """Return the text of a cfg; each section has the name of its layer as a comment."""
    height, width, channels = network.inputs[0].shape
    lines = [*(f"# {remark}".rstrip() for remark in remarks), "[net]", "batch=1"]
    lines += [f"height={height}", f"width={width}", f"channels={channels}"]
    for section in sections:
        lines += ["", *_format_section(section)]
    return "\n".join(lines) + "\n"


def _format_section(section: Section) -> Iterator[str]:
    if section.nodes:
        yield f"# {section.nodes[0]}"
    yield f"[{section.kind}]"
    for name, value in section.options.items():
        yield f"{name}={_format_option(value)}"


def _format_option(value: Value) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_format_option, value))
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.9g}" if isinstance(value, float) else str(value)
