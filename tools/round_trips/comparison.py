"""Compare a network with what is imported of its ONNX file or Keras model: the graph, names apart, and the outputs.

These do not say everything of a spec, which `simplify` leaves out of both sides: how weights start and are trained,
layers that do nothing, for ONNX those outside of training too, and which of several words a size was written with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from round_trips.keras_models import describe_keras_model
from specnet.analyses.isomorphism import match_networks
from specnet.api import check
from specnet.attributes import Interval
from specnet.backends.channels_last.conversion import UnwrittenLayers
from specnet.compiler import Checked
from specnet.exports.exportable import export_untrained
from specnet.exports.onnx_model import encode
from specnet.exports.writer import Request
from specnet.graph import Network, Node
from specnet.importers import ImportResult, UnreadableModel, import_model
from specnet.importers.carrying import carry_weights
from specnet.layers.base import Layer
from specnet.layers.base.padding import compute_same_padding
from specnet.layers.slice import Slice


class Unsaid(NamedTuple):
    """What a format does not say of a spec: the kinds of layers that it lacks, and the attributes of others."""

    kinds: frozenset[str]
    attributes: frozenset[str]


ONNX = Unsaid(frozenset({"dropout", "drop_path", "identity", "flatten"}), frozenset({"init", "freeze", "momentum"}))
"""Layers that do nothing when a network is only run, or that `fc` does by itself."""

ROUNDED = {"times": "factor", "dropout": "p", "drop_path": "p"}
"""The attribute of each kind that is a number which formats write with more or fewer digits."""

KERAS = Unsaid(frozenset({"identity", "flatten"}), frozenset({"init", "freeze"}))


@dataclass(frozen=True)
class Comparison:
    """How the network that came back compares; `differences` are empty where it is the same."""

    name: str
    layers: int
    differences: tuple[str, ...]
    weights: str

    @property
    def is_same(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        verdict = "the same graph" if self.is_same else "; ".join(self.differences)
        return f"{self.name:<28} {self.layers:>5} layers  {'; '.join(filter(None, [verdict, self.weights]))}"


def compare(spec: Path, folder: Path) -> Comparison:
    """Export a spec as ONNX into a folder, import what was written, and compare both."""
    checked = check(spec)
    file = folder / f"{spec.stem}.onnx"
    file.write_bytes(encode(export_untrained(checked, {}), Request())[".onnx"])
    return compare_file(checked, file, ONNX)


def compare_in_keras(spec: Path, folder: Path) -> Comparison:
    """Write a spec as Keras source into a folder, build its model without weights, and compare what is imported."""
    checked = check(spec)
    file = folder / f"{spec.stem}.json"
    try:
        file.write_text(describe_keras_model(checked), encoding="utf-8")
    except UnwrittenLayers as error:
        return Comparison(spec.stem, len(checked.network.nodes), (str(error).replace("\n", "; "),), "")
    return compare_file(checked, file, KERAS)


def compare_file(checked: Checked, file: Path, unsaid: Unsaid) -> Comparison:
    """Import a file that was written of a network, and compare both."""
    count = len(checked.network.nodes)
    try:
        result = import_model(file)
    except UnreadableModel as error:
        return Comparison(file.stem, count, (str(error),), "")
    lost = [f"{entry.source.kind} {entry.source.name}: {entry.reasons[0]}" for entry in result.imported.lost[:1]]
    differences = lost or list_differences(checked.network, result.imported.network, unsaid)
    weights = _carry(result) if result.imported.arrays else ""
    return Comparison(file.stem, count, tuple(differences), weights)


def _carry(result: ImportResult) -> str:
    try:
        return carry_weights(result).summary
    except UnreadableModel as error:
        return str(error)


def list_differences(one: Network, other: Network, unsaid: Unsaid = ONNX) -> list[str]:
    """Return what the layers of two networks differ in; nothing where they are the same graph."""
    left, right = simplify(one, unsaid), simplify(other, unsaid)
    if match_networks(left, right) is not None:
        return []
    counts = [Counter(repr(node.layer) for node in network.nodes) for network in (left, right)]
    lost, new = counts[0] - counts[1], counts[1] - counts[0]
    found = [f"{sign} {count} × {layer}" for sign, some in (("-", lost), ("+", new)) for layer, count in some.items()]
    return found or ["the same layers read other values"]


def simplify(network: Network, unsaid: Unsaid) -> Network:
    """Return a network without what a format does not say."""
    gone, nodes, seen = dict[str, str](), list[Node](), dict[tuple[Layer, tuple[str, ...]], str]()
    for node in network.nodes:
        inputs = tuple(gone.get(name, name) for name in node.inputs)
        if node.layer and _is_idle(node.layer, unsaid):
            gone[node.name] = inputs[0]
            continue
        given, made = (network.shapes.get(name) for name in (node.inputs[0], node.name))
        layer = node.layer and _simplify_layer(node.layer, given, made, unsaid)
        if layer and (layer, inputs) in seen:
            gone[node.name] = seen[layer, inputs]
            continue
        if layer and not layer.parameters(tuple(network.shapes[name] for name in node.inputs)):
            seen[layer, inputs] = node.name
        is_sized = node.layer and node.layer.kind == "upsample"
        shares = (
            node.shares if layer and layer.parameters(tuple(network.shapes[name] for name in node.inputs)) else None
        )
        nodes.append(replace(node, inputs=inputs[:1] if is_sized else inputs, layer=layer, shares=shares))
    nodes = _join_slices(nodes)
    heads = tuple(
        replace(head, name=f"head{place}", weight=1.0, value=gone.get(head.value, head.value))
        for place, head in enumerate(network.heads)
    )
    outputs = tuple(gone.get(name, name) for name in network.outputs)
    return replace(network, nodes=tuple(nodes), outputs=outputs, heads=heads, training=None)


def _is_idle(layer: Any, unsaid: Unsaid) -> bool:
    """Whether a layer does nothing, or a format does not say it."""
    is_nothing = {"dropout": lambda: not layer.p, "drop_path": lambda: not layer.p, "times": lambda: layer.factor == 1}
    return layer.kind in unsaid.kinds or (layer.kind in is_nothing and is_nothing[layer.kind]())


def _join_slices(nodes: list[Node]) -> list[Node]:
    """Let a slice of a slice be one of what the first reads, and leave out those that nothing reads then."""
    made = dict[str, Node]()
    for node in nodes:
        before = made.get(node.inputs[0]) if node.inputs else None
        ours, theirs = node.layer, before.layer if before else None
        if isinstance(ours, Slice) and isinstance(theirs, Slice) and before and ours.axis == theirs.axis:
            low, high = (int(theirs.channels.low + bound) for bound in (ours.channels.low, ours.channels.high))
            layer = ours.model_copy(update={"channels": Interval(low, high)})
            made[node.name] = replace(node, layer=layer, inputs=before.inputs)
        else:
            made[node.name] = node
    read = {name for node in made.values() for name in node.inputs}
    return [node for node in made.values() if not isinstance(node.layer, Slice) or node.name in read]


def _simplify_layer(layer: Layer, given: Any, made: Any, unsaid: Unsaid) -> Layer:
    fields = type(layer).model_fields
    update = {name: fields[name].get_default(call_default_factory=True) for name in unsaid.attributes & {*fields}}
    return layer.model_copy(update={**update, **_write_sizes(layer, given, made)})


def _write_sizes(layer: Any, given: Any, made: Any) -> Mapping[str, Any]:
    """Return attributes that can be written in several ways in one of them."""
    if layer.kind == "upsample":
        return {"scale_factor": None, "size": tuple(made[:2]), "like": False}
    if layer.kind == "attention" and (layer.window == tuple(given[:2]) or layer.patch == 1):
        return {"window": None, "shift": 0, "patch": None}
    if layer.kind in ROUNDED:
        return {ROUNDED[layer.kind]: float(f"{getattr(layer, ROUNDED[layer.kind]):.6g}")}
    if (
        layer.kind == "pool"
        and layer.output_size
        and all(a % b == 0 for a, b in zip(given, layer.output_size, strict=False))
    ):
        window = tuple(a // b for a, b in zip(given, layer.output_size, strict=False))
        return {"output_size": None, "kernel_size": window, "stride": window}
    if layer.kind == "pool" and not layer.output_size:
        return _write_pool(layer, given, made)
    if getattr(layer, "padding", None) == "same":
        return {"padding": tuple(map(compute_same_padding, given, layer.kernel_size, layer.stride, layer.dilation))}
    return {}


def _write_pool(layer: Any, given: Any, made: Any) -> Mapping[str, Any]:
    """Return the stride and the padding of a pool, and of a maximum that rounds up what the last window lacks."""
    stride, padding = layer.stride or layer.kernel_size, layer.padding
    counts = layer.count_include_pad
    if padding == "same":
        padding = tuple(map(compute_same_padding, given, layer.kernel_size, stride, layer.dilation))
        counts = False
    if layer.operation == "max":
        padding = tuple(map(_pad_end, given, made, layer.kernel_size, stride, layer.dilation, padding))
    is_padded = layer.operation == "avg" and any(map(any, padding))
    rounding = "exact" if layer.operation == "max" else layer.rounding
    return {
        "stride": stride, "padding": padding, "rounding": rounding, "count_include_pad": counts if is_padded else True
    }  # fmt: skip


def _pad_end(size: int, positions: int, window: int, stride: int, dilation: int, sides: Any) -> tuple[int, int]:
    """Return the padding before, and behind as much as the last window reads."""
    return sides[0], max((positions - 1) * stride + dilation * (window - 1) + 1 - size - sides[0], 0)
