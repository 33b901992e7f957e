"""Padding of a map: its notation, and the number of pixels for `same`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field

from specnet.attributes import LARGEST, BeforeAfter, repeat_for_axes

T = TypeVar("T", int, float)

Pixels = Annotated[int, Field(ge=0, le=LARGEST)]
"""A number of pixels."""

Sides = tuple[tuple[Pixels, Pixels], tuple[Pixels, Pixels]]
"""Pixels before and after, along the height and along the width."""


def _parse_sides(value: object) -> object:
    """Parse padding: 3, 1x2 for height and width, 0:1 for before and after, [0:1, 2] for both."""
    axes = repeat_for_axes(value)
    return tuple(map(_parse_side, axes)) if len(axes) == 2 and not isinstance(value, str) else value


def _parse_side(side: object) -> object:
    if isinstance(side, BeforeAfter):
        return side.before, side.after
    return tuple(side) if isinstance(side, tuple | list) else (side, side)


BothAxes = Annotated[Sides, BeforeValidator(_parse_sides)]
"""`Sides`, parsed from their notation."""

Padding = Annotated[Sides | Literal["same"], BeforeValidator(_parse_sides)]
"""Padding of both axes, or `same`: the output is ceil(N/S) long, and an odd pixel goes to the end."""

PixelPair = Annotated[tuple[Pixels, Pixels], BeforeValidator(repeat_for_axes)]
"""Pixels along the height and along the width."""

UNPADDED: Sides = ((0, 0), (0, 0))


def compute_same_padding(size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return the padding before and after for an output of ceil(N/S), as in Keras and TensorFlow.

    An odd pixel goes to the end.
    """
    extent = dilation * (window - 1) + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def collapse_pair(pair: tuple[T, ...]) -> T | tuple[T, ...]:
    """Return 3 for (3, 3), and a pair of different numbers unchanged."""
    return pair[0] if len(set(pair)) == 1 else pair
