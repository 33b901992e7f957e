"""Arrays of a program that are read when they are needed, and the numbers that decide what an operator is."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from specnet.importers.imported import StoredArray

if TYPE_CHECKING:
    from numpy import ndarray

LARGEST_READ = 1 << 24
"""The numbers of the largest constant that is read to find out what it means."""


def reshape_array(array: StoredArray, shape: Sequence[int]) -> StoredArray:
    """Return an array in another shape of as many numbers."""
    return StoredArray(tuple(shape), lambda: array.read().reshape(shape))


def take_rows(array: StoredArray, rows: Sequence[int]) -> StoredArray:
    """Return some rows of an array, in this order."""
    return StoredArray((len(rows), *array.shape[1:]), lambda: array.read()[list(rows)])


def take_columns(array: StoredArray, columns: Sequence[int]) -> StoredArray:
    """Return some columns of K×C, in this order."""
    return StoredArray((array.shape[0], len(columns)), lambda: array.read()[:, list(columns)])


def permute_array(array: StoredArray, dims: Sequence[int]) -> StoredArray:
    """Return an array with its axes in another order."""
    return StoredArray(tuple(array.shape[dim] for dim in dims), lambda: array.read().transpose(dims))


def stack_rows(arrays: Sequence[StoredArray]) -> StoredArray:
    """Return arrays one below the other."""
    return StoredArray((sum(array.shape[0] for array in arrays), *arrays[0].shape[1:]), lambda: _concatenate(arrays))


def _concatenate(arrays: Sequence[StoredArray]) -> ndarray:
    import numpy as np

    return np.concatenate([array.read() for array in arrays])


def fill_array(shape: Sequence[int], value: float) -> StoredArray:
    """Return an array of one number."""
    return StoredArray(tuple(shape), lambda: _fill(shape, value))


def _fill(shape: Sequence[int], value: float) -> ndarray:
    import numpy as np

    return np.full(tuple(shape), value, dtype=np.float32)


def read_number(array: StoredArray) -> float | None:
    """Return the number of an array that has one only, whatever its axes; None for others."""
    return _shorten(array.read().reshape(-1)[0]) if prod(array.shape) == 1 else None


def _shorten(number: Any) -> float:
    """Return a number as a person writes it, 1e-6 for the nearest one of 32 bits."""
    return float(f"{float(number):.7g}")


def read_uniform(array: StoredArray) -> float | None:
    """Return the number that all elements of an array are; None if they differ, or are too many to be read."""
    if not 1 <= prod(array.shape) <= LARGEST_READ:
        return None
    numbers = array.read().reshape(-1)
    return _shorten(numbers[0]) if (numbers == numbers[0]).all() else None


def read_along(array: StoredArray, axis: int) -> StoredArray | None:
    """Return the numbers of one axis of an array that is the same along all others; None for one too large to see."""
    if not 1 <= prod(array.shape) <= LARGEST_READ:
        return None
    rows = array.read()
    places = tuple(slice(None) if each == axis else slice(0, 1) for each in range(len(array.shape)))
    first = rows[places]
    return StoredArray((first.size,), lambda: first.reshape(-1)) if (rows == first).all() else None


def combine(left: StoredArray, right: StoredArray, function: str) -> StoredArray:
    """Return two arrays of one shape brought together by a function of numpy."""
    return StoredArray(left.shape, lambda: _combine(left, right, function))


def _combine(left: StoredArray, right: StoredArray, function: str) -> ndarray:
    import numpy as np

    combined: ndarray = getattr(np, function)(left.read(), right.read())
    return combined


def scale_array(array: StoredArray, factor: float) -> StoredArray:
    """Return an array times a number."""
    return array if factor == 1 else StoredArray(array.shape, lambda: array.read() * factor)


def map_array(array: StoredArray, function: str) -> StoredArray:
    """Return an array with a function of numpy applied to each number."""
    return StoredArray(array.shape, lambda: _map(array, function))


def _map(array: StoredArray, function: str) -> ndarray:
    import numpy as np

    mapped: ndarray = getattr(np, function)(array.read())
    return mapped
