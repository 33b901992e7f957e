"""What stands below a volume, and what is shown where the pointer rests on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from specnet.analyses.cost import format_count
from specnet.backends.volumes.font import make_printable
from specnet.backends.volumes.volume import FoldedVolumes, Volume
from specnet.compiler import Checked
from specnet.layers.base import Family, Layer, format_shape
from specnet.layers.base.traits import Trait
from specnet.printer.scopes import Scopes, round_fractions
from specnet.printer.values import format_node, format_value

MOST_HOVERED = 12
"""The largest number of layers in a tooltip."""


def describe_layer(volume: Volume, scopes: Scopes) -> list[str]:
    """Return the layer as papers write it, `conv 96`, `11×11 /4`; the call of a folded scope; whose weights it uses."""
    lines = [*_describe_one(volume, scopes), *_describe_added(volume), *_describe_weights(volume)]
    return [f"{volume.count} × {lines[0]}", *lines[1:]] if volume.count > 1 else lines


def _describe_one(volume: Volume, scopes: Scopes) -> list[str]:
    if volume.is_folded:
        return [scopes.format_call(volume.name)]
    if volume.is_input:
        return ["input"] if volume.name != "input" else []
    layer = volume.nodes[0].layer
    if layer is None:
        return [volume.nodes[0].kind]
    if not volume.kernel and (notation := layer.notation()):
        return notation.split(", ")
    return [line for line in (_format_head(layer), _format_kernel(volume)) if line]


def _describe_added(volume: Volume) -> Iterator[str]:
    """Yield what is added to the layer's output that is no value of the network: an embedding of positions."""
    for node in () if volume.is_folded else volume.nodes[1:]:
        if node.layer and node.layer.family is Family.JOIN and len(node.inputs) == 1:
            yield f"+ {_format_head(node.layer)}"


def _describe_weights(volume: Volume) -> Iterator[str]:
    """Yield whose weights a volume uses, if they are another's: a layer's, or a block's as a whole."""
    for node in volume.nodes:
        if node.shares and node.layer and Trait.LEARNS_WEIGHT in node.layer.traits:
            inside = node.name.removeprefix(volume.name) if volume.is_folded else ""
            yield f"weights of {node.shares.removesuffix(inside)}"
            return


def format_operation(folded: FoldedVolumes, name: str, names: Mapping[str, str]) -> str:
    """Return `conv2 − conv3`, by names within its scope, for a join whose order matters; empty for others."""
    volume = folded.volumes[name]
    layer = volume.nodes[0].layer if volume.nodes and not volume.is_folded else None
    if not layer or not layer.operator:
        return ""
    scope, _, _ = name.rpartition(".")
    sources = {
        link.value: link.source.removeprefix(f"{scope}.") if link.source.startswith(f"{scope}.") else names[link.source]
        for link in folded.links
        if link.target == name
    }
    shown = [sources[value] for value in volume.nodes[0].inputs if value in sources]
    return f" {layer.operator} ".join(shown) if len({*shown}) > 1 else ""


def _format_head(layer: Layer) -> str:
    """Return the kind with its positional values and the number of its filters or neurons: `conv 96`, `pool max`."""
    fields = dict.fromkeys((*layer.positional, *filter(None, [layer.output_field])))
    values = [getattr(layer, name) for name in fields]
    return round_fractions(" ".join([layer.kind, *(format_value(each) for each in values if each is not None)]))


def _format_kernel(volume: Volume) -> str:
    """Return the kernel and, unless it is 1, the stride: `11×11 /4`; `2×2 up 2` where it enlarges the map."""
    if not volume.kernel:
        return ""
    kernel, stride = volume.kernel
    moved = str(stride[0]) if stride[0] == stride[1] else format_shape(stride)
    sign = "up " if volume.family is Family.CONVOLUTION and not volume.has_window else "/"
    return f"{format_shape(kernel)} {sign}{moved}" if moved != "1" else format_shape(kernel)


def shorten_names(names: Collection[str]) -> Mapping[str, str]:
    """Return short forms of names: without the end if no other begins alike, without the beginning if none ends alike.

    `layer1.0` stands for `layer1.0.conv` alone in its block, and `conv2` for `stem.conv2`.
    """
    alone = Counter(name.rpartition(".")[0] for name in names)
    parts = {name: name.rpartition(".") for name in names}
    bodies = {name: head if head and alone[head] == 1 else name for name, (head, _, _) in parts.items()}
    ends = Counter(body.rpartition(".")[2] for body in bodies.values())
    return {
        name: end if ends[end := body.rpartition(".")[2]] == 1 and not end.isdigit() else body
        for name, body in bodies.items()
    }


def make_tooltip(volume: Volume, checked: Checked) -> str:
    """Return name, layer, formula, shape and costs of each layer, one below the other."""
    if volume.is_input:
        return make_printable(f"{volume.name}: input {format_shape(volume.shape or ())}")
    lines = list(islice(_describe_nodes(volume, checked), MOST_HOVERED))
    more = len(volume.nodes) - MOST_HOVERED
    title = [f"{volume.name}: {len(volume.nodes)} layers"] if volume.is_folded else []
    return "\n".join(map(make_printable, (*title, *lines, *([f"and {more:,} more"] if more > 0 else []))))


def _describe_nodes(volume: Volume, checked: Checked) -> Iterator[str]:
    for node in volume.nodes:
        inputs, cost = checked.network.input_shapes(node), checked.costs.get(node.name)
        text, shape = round_fractions(format_node(node)), format_shape(node.output) if node.output else "?"
        parts = [f"{node.name}: {text} → {shape}"]
        if cost and inputs and node.layer:
            parts += filter(None, [node.layer.formula(inputs)])
            parts += [f"{format_count(cost.parameters)} parameters"] if cost.parameters else []
            parts += [f"{format_count(cost.macs)} MACs"] if cost.macs else []
        yield ", ".join(parts)
