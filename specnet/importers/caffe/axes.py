"""The axes of Caffe's blobs, N×C×H×W, N×L×C and N×C, and how a spec calls them."""

from __future__ import annotations

from typing import Any

from specnet.layers.base import Shape

NAMES = {3: ("", "C", "H", "W"), 2: ("", "L", "C"), 1: ("", "C")}
"""The letters of the axes, by the number of those beside the batch, which has none."""


def find_axis(axis: Any, shape: Shape) -> int:
    """Return the number of an axis, which may be counted from the end; 0, that of the batch, for any other value."""
    rank = len(shape) + 1
    number = axis if isinstance(axis, int) else 0
    return number % rank if -rank <= number < rank else 0


def name_axis(axis: int, shape: Shape) -> str:
    """Return the letter of an axis; "" for that of the batch."""
    return NAMES[len(shape)][axis]


def to_dims(shape: Shape) -> tuple[int, ...]:
    """Return a shape in Caffe's order, without the batch."""
    return (shape[2], shape[0], shape[1]) if len(shape) == 3 else shape


def from_dims(dims: tuple[int, ...]) -> Shape:
    """Return the shape of Caffe's dimensions without the batch, of which there are at most three."""
    return (dims[1], dims[2], dims[0]) if len(dims) == 3 else dims
