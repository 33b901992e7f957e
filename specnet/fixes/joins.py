"""Fixes for a join whose arms differ in shape: a projection beside the identity, or another attribute in one arm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit, Fix
from specnet.elaborate import Place
from specnet.fixes.attributes import change_attributes
from specnet.graph import Node
from specnet.layers import layer_class
from specnet.layers.base import Layer, Shape
from specnet.layers.base.traits import Trait
from specnet.printer.values import format_value
from specnet.source import Span


def make_arms_meet(checked: Checked, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Yield the projection first, as it leaves the arms alone; then each arm changed to give another's shape."""
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
    """Change one attribute of the layer that gave an arm its shape so that the join takes it beside another."""
    node = checked.network.shape_origin(name)
    wanted = join.shape_beside(node.output, other) if node and node.output else None
    if node and wanted:
        yield from (change.fix for change in change_attributes(checked, node, wanted))


def _project_identity(checked: Checked, join: Node) -> Iterator[Fix]:
    """`identity` → `identity or { conv K=… F=1 S=… }`, with K and S as the other arm has them."""
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
    """Whether a word of a join's text is a kind that gives its input unchanged."""
    kind = layer_class(word)
    return kind is not None and Trait.IDENTITY in kind.kind_traits


def _is_within(span: Span, around: Span) -> bool:
    return span.source is around.source and around.start < span.start and span.end <= around.end


def _write_projection(layers: Sequence[tuple[Layer, Place]]) -> str:
    """Write a projection as the other arm has it: its last number of channels, its first other stride."""
    able = [(layer, place) for layer, place in layers if layer.projection]
    if not able:
        return ""
    last, place = able[-1]
    assert last.projection
    channels, *others = last.projection.fields
    if channels not in place.attributes:
        return ""
    words = [last.kind, *_write_field(channels, last, place)]
    words += [f"{last.key_of(field)}={value}" for field, value in last.projection.fixed.items()]
    alike = [(layer, place) for layer, place in able if layer.kind == last.kind]
    for field in others:
        words += [word for layer, place in alike for word in _write_field(field, layer, place)][:1]
    return " ".join(words)


def _write_field(field: str, layer: Layer, place: Place) -> Iterator[str]:
    """Write an attribute as its line has it, with its key, unless it says the default."""
    text = place.attributes[field].text.rpartition("=")[2] if field in place.attributes else ""
    info = type(layer).model_fields[field]
    if text and (info.is_required() or text != format_value(info.default)):
        yield f"{layer.key_of(field)}={text}"
