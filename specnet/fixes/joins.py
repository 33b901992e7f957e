"""Fixes of a join whose arms differ in shape: a change in each wrong arm, or a projection of the identity."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from specnet.compiler import Checked
from specnet.diagnostics import Edit
from specnet.elaborate import Place
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.causes import ANOTHER, change_layers, judge, unite
from specnet.fixes.goals import Goal, find_shared, find_upstream
from specnet.fixes.sites import Sites
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import Layer, Shape
from specnet.layers.base.traits import Trait
from specnet.printer.values import format_value
from specnet.source import Span

MAX_ARMS = 6
"""The largest number of arms to change at once."""

CONVERTED = 1.0
"""The cost of a further layer behind an arm."""


def meet_in_arms(checked: Checked, sites: Sites, goal: Goal) -> Iterator[Candidate]:
    """Yield changes of every arm that differs from another one, where there are several: the commonest shape first."""
    join = checked.network.by_name[goal.node]
    shapes = [checked.network.shapes[value] for value in join.inputs]
    for shape, _ in Counter(filter(None, shapes)).most_common():
        wanted = {value: _find_wanted(checked, join, value, shape) for value in join.inputs}
        wrong = {value: want for value, want in wanted.items() if want and want != checked.network.shapes[value]}
        if 1 < len(wrong) <= MAX_ARMS:
            arms = [_change_arm(checked, sites, goal, value, want) for value, want in wrong.items()]
            parts = [arm for arm in arms if arm]
            if len(parts) == len(wrong):
                yield judge(checked, unite(parts, _add_costs(parts)))


def _add_costs(parts: Sequence[Candidate]) -> float:
    """Return the cost of changing several arms: little more than of one if they are wrong in the same attribute."""
    costs = [part.cost for part in parts]
    attributes = {change.after.partition("=")[0] for part in parts for change in part.changes}
    return max(costs) + ANOTHER * (len(parts) - 1) if len(attributes) == 1 else sum(costs)


def convert_arms(checked: Checked, goal: Goal) -> Iterator[Candidate]:
    """Yield a layer behind one arm that turns its shape into one that the join takes."""
    join = checked.network.by_name[goal.node]
    shapes = {value: shape for value in join.inputs if (shape := checked.network.shapes[value])}
    for value, shape in shapes.items():
        place = checked.elaborated.places[value]
        converters = [join.layer.converter(shape, other) for other in shapes.values()] if join.layer else []
        for text in dict.fromkeys(filter(None, converters)):
            end = Span(place.element.source, place.element.end, place.element.end)
            yield Candidate((Change("", f"-> {text} behind {value}", "", Edit(end, f" -> {text}")),), CONVERTED)


def _find_wanted(checked: Checked, join: Node, value: str, other: Shape) -> Shape | None:
    """Return the shape that an arm must take beside another one."""
    shape = checked.network.shapes[value]
    return join.layer.shape_beside(shape, other) if join.layer and shape else None


def _change_arm(checked: Checked, sites: Sites, goal: Goal, value: str, wanted: Shape) -> Candidate | None:
    """Return the smallest change within one arm that gives it the wanted shape."""
    own = frozenset(find_upstream(checked.network, value) - find_shared(checked.network, goal.node))
    changes = change_layers(checked, sites, Goal(value, wanted), own)
    return min(changes, key=lambda candidate: candidate.cost, default=None)


def project_identity(checked: Checked, join: Node) -> Iterator[Candidate]:
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
        change = Change(identity[0], f"{identity[0]}{text}", join.name, Edit(Span(element.source, end, end), text))
        yield Candidate((change,), 0.5)


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
