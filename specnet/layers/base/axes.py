"""The axes of a value by the letters that a spec has for them, in the order of a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from specnet.layers.base.shapes import Shape, order_as_torch, require_map, require_sequence

Axis = Literal["H", "W", "C", "L"]
"""The axis along which a layer works: one of a map, H×W×C, or of a sequence, L×C."""

LETTERS: Mapping[int, str] = {3: "HWC", 2: "LC", 1: "C"}
"""The axes of a map, a sequence and a vector, by their number."""

UNITS: Mapping[str, str] = {"H": "rows", "W": "columns", "C": "channels", "L": "tokens"}
"""What there is along an axis."""


def find_place(axis: str, shape: Shape) -> int:
    """Return the place of an axis in a shape; raises LayerError if a value of that shape has no such axis."""
    letters = LETTERS[len(shape)]
    if axis not in letters:
        require_sequence((shape,)) if axis == "L" else require_map((shape,))
    return letters.index(axis)


def find_torch_dim(axis: str, shape: Shape) -> int:
    """Return the dimension of an axis in N×C×H×W, N×L×C or N×C; raises LayerError as `find_place` does."""
    numbered = order_as_torch(tuple(range(len(shape))))
    return 1 + numbered.index(find_place(axis, shape))
