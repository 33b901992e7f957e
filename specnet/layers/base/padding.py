"""Pixels on each side of a map: how they are written, and how many `same` means."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field

from specnet.attributes import LARGEST, BeforeAfter

T = TypeVar("T", int, float)

Pixels = Annotated[int, Field(ge=0, le=LARGEST)]
Sides = tuple[tuple[Pixels, Pixels], tuple[Pixels, Pixels]]


def _sides(value: object) -> object:
    """3 → both axes, both sides; 1x2 → height by 1, width by 2; 0:1 → before and after; [0:1, 2] → height, width."""
    axes = both_axes(value)
    return tuple(map(_before_after, axes)) if len(axes) == 2 and not isinstance(value, str) else value


def both_axes(value: Any) -> Any:
    """One value stands for the height and the width."""
    return value if isinstance(value, tuple | list) else (value, value)


def _before_after(side: object) -> object:
    if isinstance(side, BeforeAfter):
        return side.before, side.after
    return tuple(side) if isinstance(side, tuple | list) else (side, side)


BothAxes = Annotated[Sides, BeforeValidator(_sides)]
"""Pixels before and after, along the height and along the width."""

Padding = Annotated[Sides | Literal["same"], BeforeValidator(_sides)]
"""Padding of both axes, or `same`: as much as keeps ceil(N/S), an odd pixel at the end."""

PixelPair = Annotated[tuple[Pixels, Pixels], BeforeValidator(both_axes)]
"""Pixels along the height and along the width."""

UNPADDED: Sides = ((0, 0), (0, 0))


def padded_same(size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """Padding before and after that keeps ceil(N/S), as Keras and TensorFlow do: an odd pixel goes at the end."""
    extent = dilation * (window - 1) + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def one(pair: tuple[T, ...]) -> T | tuple[T, ...]:
    """3 for (3, 3), as a person writes it."""
    return pair[0] if len(set(pair)) == 1 else pair
