"""The values of a `let` that a search tries: whole numbers, or decimals of three significant digits."""

from __future__ import annotations

from math import floor, log10
from typing import NamedTuple

DIGITS = 3
"""The significant digits of the decimals."""


class ValueGrid(NamedTuple):
    """Values as multiples of a power of ten, which is None for whole numbers."""

    exponent: int | None

    def place(self, value: float) -> int:
        """Return the number of a value on the grid."""
        return round(value) if self.exponent is None else round(value / 10.0**self.exponent)

    def read(self, number: int) -> float:
        """Return the value of a number on the grid."""
        return number if self.exponent is None else round(number * 10.0**self.exponent, DIGITS - self.exponent)

    def write(self, number: int) -> str:
        """Return the value of a number on the grid as a spec has it."""
        return repr(self.read(number))


def make_grid(value: float) -> ValueGrid:
    """Return the grid on which a value has three significant digits, or the whole numbers for one of them."""
    if isinstance(value, int):
        return ValueGrid(None)
    return ValueGrid(floor(log10(abs(value) or 1)) - DIGITS + 1)
