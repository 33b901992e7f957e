"""Fixes that change a layer: one of its attributes, the input it reads, or the projection in an arm of a join."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit, Fix
from specnet.elaborate import Place
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import Layer, LayerError, Shape, Shapes
from specnet.layers.base.traits import Trait
from specnet.printer.values import format_attribute, format_value
from specnet.source import Span

WIDEST_SEARCH = 48
"""The largest change of an input's height and width to try, in pixels."""


@dataclass(frozen=True)
class LayerChange:
    """A fix that changes one attribute or the input of a layer; changes of the same `subject` are variants of a fix."""

    subject: str
    fix: Fix


def change_attributes(checked: Checked, node: Node, claim: Shape | None) -> Iterator[LayerChange]:
    """Yield changes of one attribute that make the layer accept its inputs, and give the claimed shape if there is one.

    Changes that cause no notes come first.
    """
    layer, inputs = node.layer, checked.network.input_shapes(node)
    place = checked.elaborated.places[node.name]
    if layer is None or inputs is None:
        return
    rounded = list[LayerChange]()
    for field, value in layer.alternatives(inputs, claim):
        changed = _replace_attribute(layer, field, value)
        output = changed and _try_output(changed, inputs)
        if changed and changed != layer and output and claim in (None, output):
            text = format_attribute(changed, field)
            fix = Fix(text, (_edit_attribute(place, field, text),))
            change = LayerChange(_name_subject(field, value), fix)
            if changed.notes(inputs):
                rounded.append(change)
            else:
                yield change
    yield from rounded


def _name_subject(field: str, value: Any) -> str:
    """Return the subject of a change; padding of one side is a subject of its own, offered next to that of both."""
    return f"{field}, one side" if isinstance(value, tuple) else field


def change_input(checked: Checked, node: Node, claim: Shape | None) -> Iterator[LayerChange]:
    """Yield other heights and widths of the input, for a layer that reads it directly."""
    if node.layer is None or not node.inputs or node.inputs[0] not in [i.name for i in checked.network.inputs]:
        return
    shape = checked.network.shapes[node.inputs[0]]
    place = checked.elaborated.places[node.inputs[0]]
    if shape is None or len(shape) != 3 or len(node.inputs) > 1 or "shape" not in place.attributes:
        return
    for offset in sorted(range(-WIDEST_SEARCH, WIDEST_SEARCH), key=abs):
        size = (shape[0] + offset, shape[1] + offset, shape[2])
        if offset and min(size) > 0:
            output = _try_output(node.layer, (size,))
            if output and claim in (None, output):
                text = "x".join(map(str, size))
                yield LayerChange("input", Fix(f"input {text}", (Edit(place.attributes["shape"], text),)))


def put_channels_last(checked: Checked) -> Iterator[Fix]:
    """Yield a fix that writes the inputs in PyTorch's order, such as `1x28x28`, as `28x28x1`."""
    edits, shapes = list[Edit](), list[str]()
    for name in (given.name for given in checked.network.inputs):
        shape, place = checked.network.shapes[name], checked.elaborated.places[name]
        if shape and _is_channels_first(shape) and "shape" in place.attributes:
            shapes.append("x".join(map(str, (*shape[1:], shape[0]))))
            edits.append(Edit(place.attributes["shape"], shapes[-1]))
    if edits:
        yield Fix(f"input {', '.join(dict.fromkeys(shapes))} (height, width, channels)", tuple(edits))


def _is_channels_first(shape: Shape) -> bool:
    """Whether a shape looks like one or three channels, followed by a square or by two much larger sizes."""
    channels, *sizes = shape
    return channels in (1, 3) and len(sizes) == 2 and (sizes[0] == sizes[1] > channels or min(sizes) >= 8 * channels)


def _replace_attribute(layer: Layer, field: str, value: Any) -> Layer | None:
    """Return the layer with one attribute changed; None if the value is invalid."""
    kept = {name: getattr(layer, name) for name in layer.model_fields_set}
    try:
        return type(layer).model_validate({**kept, field: value})
    except ValidationError:
        return None


def _try_output(layer: Layer, inputs: Shapes) -> Shape | None:
    """Return the output's shape; None if the layer refuses its inputs."""
    try:
        return layer.output(inputs)
    except LayerError:
        return None


def _edit_attribute(place: Place, field: str, text: str) -> Edit:
    """Return an edit that replaces the attribute, or appends it to those that are written."""
    if field in place.attributes:
        return Edit(place.attributes[field], text)
    end = max(
        (span.end for span in place.attributes.values() if span.source is place.word.source), default=place.word.end
    )
    return Edit(Span(place.word.source, end, end), f" {text}")


def make_arms_meet(checked: Checked, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Yield a projection of the identity, which leaves the arms alone; then changes of each arm to another's shape."""
    join = checked.network.by_name[diagnostic.node]
    if join.layer is None:
        return
    yield from _project_identity(checked, join)
    shapes = [checked.network.shapes[name] for name in join.inputs]
    for name in join.inputs:
        for shape in dict.fromkeys(shapes):
            if shape and shape != checked.network.shapes[name]:
                yield from _change_arm(checked, join.layer, name, shape)


def _change_arm(checked: Checked, join: Layer, name: str, other: Shape) -> Iterator[Fix]:
    """Yield changes of the layer that gave an arm its shape, with which the join accepts it next to the other shape."""
    node = checked.network.shape_origin(name)
    wanted = join.shape_beside(node.output, other) if node and node.output else None
    if node and wanted:
        yield from (change.fix for change in change_attributes(checked, node, wanted))


def _project_identity(checked: Checked, join: Node) -> Iterator[Fix]:
    """Yield `identity or { conv K=… F=1 S=… }` for `identity`, with K and S copied from the other arm."""
    if join.layer is None or Trait.EQUAL_SHAPES not in join.layer.traits:
        return
    element = checked.elaborated.places[join.name].element
    words = re.finditer(r"\b[a-z_]\w*\b(?!\s+or\b)", element.text)
    identity = next((word for word in words if _is_identity(word[0])), None)
    if identity is None:
        return
    places = [(node.layer, checked.elaborated.places[node.name]) for node in checked.network.nodes if node.layer]
    projection = _write_projection([(layer, place) for layer, place in places if _is_within(place.element, element)])
    if projection:
        end = element.start + identity.end()
        text = f" or {{ {projection} }}"
        yield Fix(f"{identity[0]}{text}", (Edit(Span(element.source, end, end), text),))


def _is_identity(word: str) -> bool:
    """Whether a word of a join's text is a kind that returns its input unchanged."""
    kind = get_layer_class(word)
    return kind is not None and Trait.IDENTITY in kind.kind_traits


def _is_within(span: Span, around: Span) -> bool:
    return span.source is around.source and around.start < span.start and span.end <= around.end


def _write_projection(layers: Sequence[tuple[Layer, Place]]) -> str:
    """Return the text of a projection with the last number of channels and the first stride of the other arm."""
    projecting = [(layer, place) for layer, place in layers if layer.projection]
    if not projecting:
        return ""
    last, place = projecting[-1]
    assert last.projection
    channels, *others = last.projection.fields
    if channels not in place.attributes:
        return ""
    words = [last.kind, *_write_field(channels, last, place)]
    words += [f"{last.key_of(field)}={value}" for field, value in last.projection.fixed.items()]
    same_kind = [(layer, place) for layer, place in projecting if layer.kind == last.kind]
    for field in others:
        words += [word for layer, place in same_kind for word in _write_field(field, layer, place)][:1]
    return " ".join(words)


def _write_field(field: str, layer: Layer, place: Place) -> Iterator[str]:
    """Yield an attribute as its line has it, with its key, unless it is the default."""
    text = place.attributes[field].text.rpartition("=")[2] if field in place.attributes else ""
    info = type(layer).model_fields[field]
    if text and (info.is_required() or text != format_value(info.default)):
        yield f"{layer.key_of(field)}={text}"
