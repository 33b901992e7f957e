"""The axes of a map by the letters that a spec has for them, in the order of a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from specnet.layers.base.shapes import Shape

Axis = Literal["H", "W", "C"]
"""The axis of a map along which a layer works."""

AXES = ("height", "width", "channels")
"""The names of the axes in messages."""

PLACES: Mapping[str, int] = {"H": 0, "W": 1, "C": 2}
"""The place of each axis in a shape H×W×C."""

TORCH_DIMS: Mapping[str, int] = {"C": 1, "H": 2, "W": 3}
"""The dimensions of N×C×H×W."""


def find_place(axis: Axis, shape: Shape) -> int:
    """Return the place of an axis in a shape; a vector has one axis."""
    return PLACES[axis] if len(shape) == len(AXES) else 0
