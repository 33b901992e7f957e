"""Shapes of one image, and what layers require of them."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from specnet.attributes import LARGEST
from specnet.diagnostics import Code
from specnet.layers.base.errors import LayerError

Shape = tuple[int, ...]
"""One image's shape: (height, width, channels) of a map, or (length,) of a vector."""

Shapes = tuple[Shape, ...]
"""The shapes of a layer's inputs."""


def format_shape(shape: Shape) -> str:
    """Format a shape: 55×55×96."""
    return "×".join(str(size) for size in shape)


def format_shapes(shapes: Shapes) -> str:
    """List shapes: 55×55×96, 55×55×64 and 27×27×96."""
    *others, last = map(format_shape, shapes)
    return f"{', '.join(others)} and {last}" if others else last


def count_elements(tensors: Mapping[str, tuple[int, ...]]) -> int:
    """Return the number of elements in the named tensors; a tensor of shape () has one."""
    return sum(prod(shape) for shape in tensors.values())


def require_map(inputs: Shapes) -> tuple[int, int, int]:
    """Return height, width and channels of the first input; raises LayerError if it is a vector."""
    if len(inputs[0]) != 3:
        raise LayerError(Code.E305, f"needs a map of height×width×channels, not a vector of {format_shape(inputs[0])}")
    height, width, channels = inputs[0]
    return height, width, channels


def check_bounds(shape: Shape, what: str = "give") -> Shape:
    """Return the shape unchanged; raises LayerError if it is larger than torch can address."""
    if max(shape) > LARGEST or prod(shape) > 2**63 - 1:
        raise LayerError(Code.E306, f"would {what} {format_shape(shape)}, more than can be addressed")
    return shape


def split_groups(amount: int, groups: int, what: str, attribute: str = "groups") -> int:
    """Return the number in each group; raises LayerError if the groups cannot be equal."""
    if amount % groups:
        fact = f"cannot split {amount} {what} into {groups} equal groups"
        raise LayerError(Code.E304, fact, (attribute,), f"{amount}/{groups} = {amount / groups:g}")
    return amount // groups
