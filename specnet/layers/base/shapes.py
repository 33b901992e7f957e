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
"""The shapes that arrive at a layer, one for each of its inputs."""


def format_shape(shape: Shape) -> str:
    """A shape as it is printed: 55×55×96."""
    return "×".join(str(size) for size in shape)


def format_shapes(shapes: Shapes) -> str:
    """55×55×96, 55×55×64 and 27×27×96"""
    *others, last = map(format_shape, shapes)
    return f"{', '.join(others)} and {last}" if others else last


def count(tensors: Mapping[str, tuple[int, ...]]) -> int:
    """Numbers in the named tensors together; a tensor of shape () is one number."""
    return sum(prod(shape) for shape in tensors.values())


def need_map(inputs: Shapes) -> tuple[int, int, int]:
    """Height, width and channels of the map that arrives; raises LayerError if it is a vector."""
    if len(inputs[0]) != 3:
        raise LayerError(
            Code.E305, f"needs a map of height×width×channels, and a vector of {format_shape(inputs[0])} arrives"
        )
    height, width, channels = inputs[0]
    return height, width, channels


def within_bounds(shape: Shape, what: str = "give") -> Shape:
    """The same shape; raises LayerError when a size is beyond what torch can address."""
    if max(shape) > LARGEST or prod(shape) > 2**63 - 1:
        raise LayerError(Code.E306, f"would {what} {format_shape(shape)}, more than can be addressed")
    return shape


def in_groups(amount: int, groups: int, what: str, attribute: str = "groups") -> int:
    """How many are in each of the groups; raises LayerError when they cannot be equal."""
    if amount % groups:
        fact = f"cannot split {amount} {what} into {groups} equal groups"
        raise LayerError(Code.E304, fact, (attribute,), f"{amount}/{groups} = {amount / groups:g}")
    return amount // groups
