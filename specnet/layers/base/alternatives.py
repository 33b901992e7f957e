"""Other values of attributes that a fix may try, as (field, value), nearest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specnet.layers.base.padding import Padding, Sides
from specnet.layers.base.shapes import Shape

Alternatives = Iterator[tuple[str, Any]]

WIDEST_SEARCH = 24
"""Distance from the present value up to which others are tried."""


def nearby(field: str, now: int, least: int = 1) -> Alternatives:
    """Yield whole numbers around the present one, the smaller first."""
    values = range(max(least, now - WIDEST_SEARCH), now + WIDEST_SEARCH)
    yield from ((field, value) for value in sorted(values, key=lambda value: (abs(value - now), value)))


def other_padding(padding: Padding | Sides | None) -> Alternatives:
    """Yield even padding around the present one, then padding with one pixel more on one side."""
    if padding is None or padding == "same":
        return
    yield from nearby("padding", max(side for axis in padding for side in axis), 0)
    yield from (("padding", ((a, b), (a, b))) for a in range(4) for b in (a + 1, a - 1) if b >= 0)


def other_size(field: str, now: int, claim: Shape | None, groups: int = 1) -> Alternatives:
    """Yield the number of channels or features that a claim asks for, or those that split into other groups."""
    if claim:
        yield field, claim[-1]
    elif groups > 1:
        yield from nearby(field, now)


def other_groups(field: str, now: int, channels: int) -> Alternatives:
    """Yield the numbers of groups into which the channels can be split."""
    divisors = [number for number in range(1, channels + 1) if channels % number == 0]
    if now > 1:
        yield from ((field, number) for number in sorted(divisors, key=lambda number: abs(number - now)))


def other_dilation(dilation: tuple[int, int]) -> Alternatives:
    """Yield small dilations in the place of one that is not 1."""
    if dilation != (1, 1):
        yield from (("dilation", value) for value in range(1, 4))


def rounding_down(claim: Shape | None) -> Alternatives:
    """Yield `floor`, unless a claim says what the size is to be."""
    if claim is None:
        yield "rounding", "floor"
