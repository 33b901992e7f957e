"""Rows and columns at the sides of a map, as Keras writes them."""

from __future__ import annotations

from typing import Any

from specnet.foreign.values import make_pair
from specnet.importers.keras.meanings import NoMeaning, is_whole, to_value

Sides = tuple[tuple[int, int], tuple[int, int]]


def read_sides(value: Any) -> Sides:
    """Return Keras's n, (rows, columns) or ((top, bottom), (left, right)) as the last; raises NoMeaning for others."""
    rows, columns = (make_pair(axis) for axis in make_pair(to_value(value)))
    sides = (rows, columns)
    if not all(is_whole(size) and size >= 0 for axis in sides for size in axis):
        raise NoMeaning(f"its padding is {value!r}"[:80])
    return sides
