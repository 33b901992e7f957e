"""Alternative attribute values for fixes to try, each with how much it changes what was written."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, isqrt
from typing import Any, NamedTuple

from specnet.layers.base.padding import Padding, Sides
from specnet.layers.base.shapes import Shape


class Alternative(NamedTuple):
    """Another value for one field; the larger its `change`, the later it is offered."""

    field: str
    value: Any
    change: float
    instead: str = ""
    """A field that is left out for it."""
    text: str = ""
    """An expression that has the value here, and stands for the corresponding one in other calls of a block."""


Alternatives = Iterator[Alternative]

WIDEST_SEARCH = 6
"""The largest distance from the present value to try."""

LARGEST_DIVISOR = 50_000
"""The divisors that are looked for one by one, which are all those of numbers up to 2.5 billion."""

COMMON_SIZES = range(1, 12)
"""Strides and sizes of windows that are tried however far the present value is from them."""

STEP = 0.1
"""The change of a number by one; a fix that needs another attribute changes more than that."""

ROUNDED, CUSTOMARILY_ROUNDED = 1.7, 1.05
"""The change by a rule of rounding, and by one where such layers usually have it: every number stays as it is."""

DEPTHWISE = 1.12
"""The change to a group for each channel: more than that to the nearest number."""

MAX_CHANGE = 1.0
"""The largest change of a number, added to that of its field."""


def vary_stride(now: tuple[int, int]) -> Alternatives:
    """Yield strides around the present one, smaller ones first."""
    return _vary_pair("stride", now, 1.0)


def vary_window(now: tuple[int, int]) -> Alternatives:
    """Yield sizes of the window around the present one; an even size in place of an odd one has no centre."""
    for other in _vary_pair("kernel_size", now, 1.15):
        sizes = other.value if isinstance(other.value, tuple) else (other.value,)
        loses_centre = any(size % 2 == 0 for size in sizes) and all(size % 2 for size in now)
        yield other._replace(change=other.change + 0.2) if loses_centre else other


def _vary_pair(field: str, now: tuple[int, int], change: float) -> Alternatives:
    """Yield other numbers for both axes if they are equal, else for one of them."""
    height, width = now
    if height == width:
        yield from _vary_number(field, height, change)
    else:
        for other in _vary_number(field, height, change):
            yield other._replace(value=(other.value, width))
        for other in _vary_number(field, width, change):
            yield other._replace(value=(height, other.value))


def _vary_number(field: str, now: int, change: float, least: int = 1) -> Alternatives:
    near = range(max(least, now - WIDEST_SEARCH), now + WIDEST_SEARCH + 1)
    for value in sorted({*near, *COMMON_SIZES} - {now}):
        yield Alternative(field, value, change + min(MAX_CHANGE, STEP * abs(value - now)))


def vary_padding(padding: Padding | Sides | None, window: int = 1, dilation: int = 1) -> Alternatives:
    """Yield the padding D(F − 1)/2 that keeps the size at stride 1, padding near the present one, and one-sided ones.

    A layer that takes `same` has a `window` of more than one pixel.
    """
    if padding is None or padding == "same":
        return
    now = max(side for axis in padding for side in axis)
    keeping = dilation * (window - 1) // 2
    if keeping != now and window > 1:
        yield Alternative("padding", keeping, 1.1)
    yield from _vary_number("padding", now, 1.2, 0)
    if now not in (0, keeping):
        yield Alternative("padding", 0, 1.3)
    if window > 1:
        yield Alternative("padding", "same", 1.6)
    near = {(a, b) for a in range(4) for b in (a + 1, a - 1) if b >= 0}
    yield from (Alternative("padding", ((a, b), (a, b)), 1.35 + 0.02 * (a + b + (a > b))) for a, b in near)


def vary_output_padding(stride: tuple[int, int], now: tuple[int, int]) -> Alternatives:
    """Yield the numbers of pixels that a transposed convolution may add: fewer than its stride."""
    for value in range(min(max(stride), WIDEST_SEARCH)):
        yield Alternative("output_padding", value, 1.0 + STEP * abs(value - max(now)))


def vary_size(field: str, now: int, wanted: Shape | None, groups: int = 1) -> Alternatives:
    """Yield the wanted number of channels or features, and numbers near the present one that may suit the groups."""
    if wanted:
        yield Alternative(field, wanted[-1], 1.0)
    if groups > 1:
        below = now - now % groups
        yield from (Alternative(field, size, 1.3) for size in (below, below + groups) if size)


def vary_filter_groups(field: str, now: int, channels: int, filters: int) -> Alternatives:
    """Yield the numbers of groups that divide channels and filters; one for each channel comes behind the nearest."""
    if now > 1 and filters % channels == 0:
        yield Alternative(field, channels, DEPTHWISE, text="C")
    yield from vary_groups(field, now, gcd(channels, filters))


def vary_groups(field: str, now: int, channels: int) -> Alternatives:
    """Yield the numbers of groups that divide the channels, unless the layer has a single group."""
    if now > 1:
        nearest = sorted(list_divisors(channels), key=lambda number: abs(number - now))
        yield from (Alternative(field, number, 1.1 + 0.05 * place) for place, number in enumerate(nearest))


def list_divisors(number: int) -> list[int]:
    """Return the divisors of a number, the smallest first; of a very large one, those up to a limit and their pairs."""
    small = [each for each in range(1, min(isqrt(number), LARGEST_DIVISOR) + 1) if number % each == 0]
    return sorted({*small, *(number // each for each in small)})


def vary_dilation(dilation: tuple[int, int]) -> Alternatives:
    """Yield the dilations 1 to 3, unless the layer is not dilated."""
    if dilation != (1, 1):
        yield from (Alternative("dilation", value, 1.1 + STEP * abs(value - max(dilation))) for value in range(1, 4))


def vary_rounding(*rules: str, is_customary: bool = False) -> Alternatives:
    """Yield other rules of rounding."""
    change = CUSTOMARILY_ROUNDED if is_customary else ROUNDED
    yield from (Alternative("rounding", rule, change) for rule in rules)
