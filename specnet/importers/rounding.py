"""How windows are rounded: a spec says it only where it matters, and other tools always round in one way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from specnet.layers.base import Layer, Shapes
from specnet.layers.base.window import WindowAxes, WindowAxis, Windowed

CLIPPED = "Caffe drops a last window that begins in the padding, as `ceil` does here"


def fit_rounding(layers: Sequence[Layer], inputs: Shapes, is_up: bool = False) -> tuple[tuple[Layer, ...], str]:
    """Return layers of a tool that rounds up, or else down, without a rounding that changes nothing.

    Beside them is the rule by which they are equal to Caffe's, "" where they are the same.
    """
    first, *others = layers
    if not isinstance(first, Windowed) or not first.slides or "rounding" not in type(first).model_fields:
        return tuple(layers), ""
    axes = first.axes(inputs)
    rounding = _choose(axes, is_up)
    rule = CLIPPED if rounding == "ceil" and any(map(_is_clipped, axes)) else ""
    return (first.model_copy(update={"rounding": rounding}), *others), rule


def allow_rounding(text: str) -> str:
    """Return a chain whose first window is rounded down, unless it is rounded up or covers the whole map."""
    first, arrow, rest = text.partition(" -> ")
    is_settled = bool({"ceil", "floor", "global"} & {*first.split()})
    can_round = first.startswith(("conv ", "pool ")) and not is_settled
    return f"{first} floor{arrow}{rest}" if can_round else text


def _choose(axes: WindowAxes, is_up: bool) -> Literal["exact", "floor", "ceil"]:
    if is_up:
        return "ceil" if any(axis.remainder for axis in axes) else "exact"
    return "floor" if any(axis.loses_pixels for axis in axes) else "exact"


def _is_clipped(axis: WindowAxis) -> bool:
    return -(-axis.slack // axis.stride) + 1 > axis.positions
