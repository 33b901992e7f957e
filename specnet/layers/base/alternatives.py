"""Alternative attribute values for fixes to try: pairs of a field and a value, nearest value first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specnet.layers.base.padding import Padding, Sides
from specnet.layers.base.shapes import Shape

Alternatives = Iterator[tuple[str, Any]]

WIDEST_SEARCH = 24
"""The largest distance from the present value to try."""


def vary_number(field: str, now: int, least: int = 1) -> Alternatives:
    """Yield whole numbers around the present one, at least `least`; of two at the same distance, the smaller first."""
    values = range(max(least, now - WIDEST_SEARCH), now + WIDEST_SEARCH)
    yield from ((field, value) for value in sorted(values, key=lambda value: (abs(value - now), value)))


def vary_padding(padding: Padding | Sides | None) -> Alternatives:
    """Yield symmetric padding near the present one, then padding with one extra pixel on one side."""
    if padding is None or padding == "same":
        return
    yield from vary_number("padding", max(side for axis in padding for side in axis), 0)
    yield from (("padding", ((a, b), (a, b))) for a in range(4) for b in (a + 1, a - 1) if b >= 0)


def vary_size(field: str, now: int, claim: Shape | None, groups: int = 1) -> Alternatives:
    """Yield the claimed number of channels or features, or numbers near the present one that may suit the groups."""
    if claim:
        yield field, claim[-1]
    elif groups > 1:
        yield from vary_number(field, now)


def vary_groups(field: str, now: int, channels: int) -> Alternatives:
    """Yield the numbers of groups that divide the channels, unless the layer has a single group."""
    divisors = [number for number in range(1, channels + 1) if channels % number == 0]
    if now > 1:
        yield from ((field, number) for number in sorted(divisors, key=lambda number: abs(number - now)))


def vary_dilation(dilation: tuple[int, int]) -> Alternatives:
    """Yield the dilations 1 to 3, unless the layer is not dilated."""
    if dilation != (1, 1):
        yield from (("dilation", value) for value in range(1, 4))


def vary_rounding(claim: Shape | None) -> Alternatives:
    """Yield `floor`, unless a claim fixes the output's size."""
    if claim is None:
        yield "rounding", "floor"
