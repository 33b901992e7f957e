"""The kernels that a user names: one of the table, a blur of any size, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from specnet.filtering.numbers import NotNumbers, Numbers, parse_numbers
from specnet.layers.base.kernels import BLURS, KERNELS, Rows
from specnet.suggest import did_you_mean, find_closest_word

LARGEST_BLUR = 31
"""The largest size of a blur, in pixels."""

EXACT = 2**30
"""The denominator up to which a weight is taken for a fraction, as 1/9 is in the table."""


class NoKernel(ValueError):
    """A text names no kernel; the message says why."""


@dataclass(frozen=True)
class Kernel:
    """A kernel for cross-correlation, by the name that it was given."""

    name: str
    rows: Numbers

    @cached_property
    def weights(self) -> np.ndarray:
        """The weights as float32 F×F."""
        return np.array([[float(weight) for weight in row] for row in self.rows], np.float32)

    def flip(self) -> Kernel:
        """Return the kernel turned by 180°: what true convolution correlates with."""
        return Kernel(self.name, tuple(row[::-1] for row in self.rows[::-1]))


def parse_kernel(text: str) -> Kernel:
    """Return the kernel `sobel_x`, `box_blur:8` or `[[1, 0, -1], [2, 0, -2], [1, 0, -1]]`; raises NoKernel."""
    if text.lstrip().startswith("["):
        try:
            return Kernel("own kernel", parse_numbers(text))
        except NotNumbers as error:
            raise NoKernel(str(error)) from None
    name, colon, size = text.partition(":")
    known = {str(each): rows for each, rows in KERNELS.items()}
    if name not in known:
        hint = did_you_mean(find_closest_word(name, known))
        listed = f"; there are {', '.join(known)}, and your own [[1, 0], [0, -1]]"
        raise NoKernel(f"there is no kernel `{name}`{hint or listed}")
    return Kernel(text, _make_exact(_make_blur(name, size) if colon else known[name]))


def list_kernels() -> list[Kernel]:
    """Return all kernels of the table, and the blurs in a larger size."""
    return [parse_kernel(name) for name in (*KERNELS, "box_blur:8", "gaussian_blur:5")]


def _make_blur(name: str, size: str) -> Rows:
    """Return the rows of a blur of a size; raises NoKernel."""
    if name not in BLURS:
        raise NoKernel(f"`{name}` has one size only; {' and '.join(BLURS)} have any, as box_blur:8")
    if not size.isascii() or not size.isdigit() or not 1 <= int(size) <= LARGEST_BLUR:
        raise NoKernel(f"`{name}:{size}`: the size of a blur is a whole number from 1 to {LARGEST_BLUR}")
    return BLURS[name](int(size))


def _make_exact(rows: Rows) -> Numbers:
    return tuple(tuple(Fraction(weight).limit_denominator(EXACT) for weight in row) for row in rows)
