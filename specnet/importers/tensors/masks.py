"""What is added to the products of attention: a bias by distance, and the mask of shifted windows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from specnet.importers.imported import StoredArray
from specnet.importers.tensors.draft import NoCounterpart
from specnet.importers.tensors.views import View, measure

if TYPE_CHECKING:
    from numpy import ndarray

HIDDEN = -50.0
"""A number below this hides a position: its weight is less than e⁻⁵⁰ of that of the others."""

LARGEST_MASK = 1 << 28
"""The numbers of the largest mask that is read."""


def read_mask(
    mask: StoredArray, view: View, window: tuple[int, int], shape: Sequence[int], shift: int
) -> tuple[StoredArray | None, bool]:
    """Return the table of a bias by distance, (2h − 1)(2w − 1)×heads, and whether a mask separates shifted windows.

    Raises NoCounterpart for any other mask. `view` are the queries, `window` is h×w.
    """
    import numpy as np

    numbers = _order(mask, view, prod(window))  # windows×heads×positions×positions
    hidden = numbers <= HIDDEN
    bias = np.where(hidden, -np.inf, numbers).max(axis=0)
    if not np.isfinite(bias).all() or not np.allclose(np.where(hidden, 0, numbers - bias), 0, atol=1e-5):
        raise NoCounterpart("its mask is neither a bias by distance nor that of shifted windows")
    if hidden.any():
        _check_edges(hidden, window, shape, shift)
    table = _make_table(bias, window) if bias.any() else None
    return table, bool(hidden.any())


def _order(mask: StoredArray, view: View, positions: int) -> ndarray:
    """Return a mask as windows×heads×positions×positions."""
    import numpy as np

    batch = view.dims[:-2]
    sizes = tuple(measure(parts) for parts in batch)
    if prod(sizes) * positions**2 > LARGEST_MASK:
        raise NoCounterpart("its mask is too large to be read")
    numbers = np.broadcast_to(mask.read(), (*sizes, positions, positions))
    parts = [part for each in batch for part in each]
    numbers = numbers.reshape(*(part.size for part in parts), positions, positions)
    heads = [place for place, part in enumerate(parts) if part.axis == "C"]
    windows = sorted((place for place, part in enumerate(parts) if part.axis != "C"), key=lambda n: parts[n].axis)
    count = prod(parts[place].size for place in windows)
    moved = numbers.transpose(*windows, *heads, len(parts), len(parts) + 1)
    return np.asarray(moved, dtype=np.float64).reshape(count, -1, positions, positions)


def _check_edges(hidden: ndarray, window: tuple[int, int], shape: Sequence[int], shift: int) -> None:
    """Compare a mask with the one that keeps shifted windows from reading across the edges."""
    import numpy as np

    height, width = shape[:2] if len(shape) == 3 else (1, shape[0])
    rows, columns = (
        _number(size, part, shift if part < size else 0) for size, part in zip((height, width), window, strict=True)
    )
    places = (3 * rows[:, None] + columns).reshape(height // window[0], window[0], width // window[1], window[1])
    places = places.transpose(0, 2, 1, 3).reshape(-1, prod(window))
    expected = places[:, :, None] != places[:, None]
    if len(hidden) != len(expected) or not np.array_equal(hidden, np.broadcast_to(expected[:, None], hidden.shape)):
        raise NoCounterpart("its mask hides other positions than that of shifted windows")


def _number(size: int, window: int, shift: int) -> ndarray:
    """Number the positions along an axis so that those which came across the edge differ from the others."""
    import numpy as np

    at = np.arange(size)
    return (at >= size - window).astype(int) + (at >= size - shift)


def _make_table(bias: ndarray, window: tuple[int, int]) -> StoredArray:
    """Return the numbers of a bias by distance; raises NoCounterpart if it depends on more than that."""
    import numpy as np

    height, width = window
    rows, columns = np.arange(height).repeat(width), np.tile(np.arange(width), height)
    down, right = rows[:, None] - rows + height - 1, columns[:, None] - columns + width - 1
    distances = down * (2 * width - 1) + right
    table = np.zeros(((2 * height - 1) * (2 * width - 1), len(bias)))
    table[distances.reshape(-1)] = bias.reshape(len(bias), -1).T
    if not np.allclose(table[distances].transpose(2, 0, 1), bias, atol=1e-5):
        raise NoCounterpart("the bias of its products is no function of the distance of positions")
    return StoredArray(table.shape, lambda: table.astype(np.float32))
