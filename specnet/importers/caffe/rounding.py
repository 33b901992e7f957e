"""How windows are rounded: Caffe's convolutions down, its pooling up, and a spec says so only where it matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from specnet.layers.base import Layer, Shapes
from specnet.layers.base.window import WindowAxes, Windowed

CLIPPED = "Caffe drops a last window that begins in the padding, as `ceil` does here"


def fit_rounding(layers: Sequence[Layer], inputs: Shapes) -> tuple[tuple[Layer, ...], str]:
    """Return the layers without a rounding that changes nothing, and the rule by which the others are equal."""
    first, *others = layers
    if not isinstance(first, Windowed) or not first.slides or "rounding" not in type(first).model_fields:
        return tuple(layers), ""
    axes = first.axes(inputs)
    rounding = _choose(axes, getattr(first, "rounding", "exact"))
    rule = CLIPPED if rounding == "ceil" and any(map(_is_clipped, axes)) else ""
    return (first.model_copy(update={"rounding": rounding}), *others), rule


def _choose(axes: WindowAxes, rounding: str) -> Literal["exact", "floor", "ceil"]:
    if rounding == "ceil":
        return "ceil" if any(axis.remainder for axis in axes) else "exact"
    return "floor" if any(axis.loses_pixels for axis in axes) else "exact"


def _is_clipped(axis: object) -> bool:
    slack, stride, positions = (getattr(axis, name) for name in ("slack", "stride", "positions"))
    return bool(-(-slack // stride) + 1 > positions)
