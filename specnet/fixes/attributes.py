"""Other values for one attribute of a layer, tried on what arrives at it before the whole network is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import Any

from pydantic import ValidationError

from specnet.compiler import Checked
from specnet.diagnostics import Edit, Fix
from specnet.elaborate import Place
from specnet.graph import Node
from specnet.layers.base import Layer, LayerError, Shape, Shapes
from specnet.printer.values import format_attribute
from specnet.source import Span

WIDEST_SEARCH = 24
"""How far from the value that is written others are looked for."""


@dataclass(frozen=True)
class Setting:
    """A value of a field with which the layer takes what arrives."""

    field: str
    fix: Fix


def settings_that_give(checked: Checked, node: Node, claim: Shape | None) -> Iterator[Setting]:
    """One attribute changed so that the layer takes what arrives and, where a shape is claimed, gives it.

    Those that leave nothing to remark on come first.
    """
    layer, arriving = node.layer, checked.network.input_shapes(node)
    place = checked.elaborated.places[node.name]
    if layer is None or arriving is None:
        return
    rounded = list[Setting]()
    for field, value in _values(layer, arriving, claim):
        changed = _changed(layer, field, value)
        output = changed and _output(changed, arriving)
        if changed and changed != layer and output and claim in (None, output):
            text = format_attribute(changed, field)
            setting = Setting(_family(field, value), Fix(text, (_edit(place, changed, field, text),)))
            if changed.notes(arriving):
                rounded.append(setting)
            else:
                yield setting
    yield from rounded


def _family(field: str, value: Any) -> str:
    """One-sided padding is offered beside the even one."""
    return f"{field}, one side" if isinstance(value, tuple) else field


def _values(layer: Layer, arriving: Shapes, claim: Shape | None) -> Iterator[tuple[str, Any]]:
    """Fields and other values for them, nearest first."""
    groups = getattr(layer, "groups", 1)
    for field in ("stride", "kernel_size"):
        now = getattr(layer, field, None) or getattr(layer, "kernel_size", None)
        if now:
            yield from ((field, value) for value in _near(now[0], 1))
    if hasattr(layer, "padding") and layer.padding != "same":
        now = max(side for axis in layer.padding for side in axis)
        yield from (("padding", value) for value in _near(now, 0))
        yield from (("padding", ((a, b), (a, b))) for a in range(4) for b in (a + 1, a - 1) if b >= 0)
    for field in ("out_channels", "out_features"):
        if hasattr(layer, field) and claim:
            yield field, claim[-1]
        elif hasattr(layer, field) and groups > 1:
            yield from ((field, value) for value in _near(getattr(layer, field), 1))
    if groups > 1:
        common = gcd(arriving[0][-1], getattr(layer, "out_channels", 1))
        divisors = [number for number in range(1, common + 1) if common % number == 0]
        yield from (("groups", number) for number in sorted(divisors, key=lambda number: abs(number - groups)))
    if "floor" in layer.words and claim is None:
        yield "rounding", "floor"
    if getattr(layer, "dilation", (1, 1)) != (1, 1):
        yield from (("dilation", value) for value in range(1, 4))


def input_sizes(checked: Checked, node: Node, claim: Shape | None) -> Iterator[Setting]:
    """Other heights and widths of the input, for a layer that reads it as it is."""
    if node.layer is None or not node.inputs or node.inputs[0] not in [i.name for i in checked.network.inputs]:
        return
    shape = checked.network.shapes[node.inputs[0]]
    place = checked.elaborated.places[node.inputs[0]]
    if shape is None or len(shape) != 3 or "shape" not in place.attributes:
        return
    for offset in sorted(range(-2 * WIDEST_SEARCH, 2 * WIDEST_SEARCH), key=abs):
        size = (shape[0] + offset, shape[1] + offset, shape[2])
        if offset and min(size) > 0:
            output = _output(node.layer, (size,))
            if output and claim in (None, output):
                text = "x".join(map(str, size))
                yield Setting("input", Fix(f"input {text}", (Edit(place.attributes["shape"], text),)))


def channels_last(checked: Checked) -> Iterator[Fix]:
    """The inputs that are written as PyTorch has them, `1x28x28`, as `28x28x1`."""
    edits, shapes = list[Edit](), list[str]()
    for name in (given.name for given in checked.network.inputs):
        shape, place = checked.network.shapes[name], checked.elaborated.places[name]
        if shape and _is_channels_first(shape) and "shape" in place.attributes:
            shapes.append("x".join(map(str, (*shape[1:], shape[0]))))
            edits.append(Edit(place.attributes["shape"], shapes[-1]))
    if edits:
        yield Fix(f"input {', '.join(dict.fromkeys(shapes))} (height, width, channels)", tuple(edits))


def _is_channels_first(shape: Shape) -> bool:
    """One or three channels, then a square, or two sizes that are much larger."""
    channels, *sizes = shape
    return channels in (1, 3) and len(sizes) == 2 and (sizes[0] == sizes[1] > channels or min(sizes) >= 8 * channels)


def _near(now: int, least: int) -> list[int]:
    """Whole numbers around `now`, nearest first, smaller first."""
    return sorted(
        range(max(least, now - WIDEST_SEARCH), now + WIDEST_SEARCH), key=lambda value: (abs(value - now), value)
    )


def _changed(layer: Layer, field: str, value: Any) -> Layer | None:
    """The layer with one attribute changed; None where it admits no such value."""
    kept = {name: getattr(layer, name) for name in layer.model_fields_set}
    try:
        return type(layer).model_validate({**kept, field: value})
    except ValidationError:
        return None


def _output(layer: Layer, arriving: Shapes) -> Shape | None:
    try:
        return layer.output(arriving)
    except LayerError:
        return None


def _edit(place: Place, layer: Layer, field: str, text: str) -> Edit:
    """In the place of the attribute where it is written, else behind the last one that is."""
    if field in place.attributes:
        return Edit(place.attributes[field], text)
    end = max(
        (span.end for span in place.attributes.values() if span.source is place.word.source), default=place.word.end
    )
    return Edit(Span(place.word.source, end, end), f" {text}")
