"""Cross-correlation of pictures with kernels, as the layer `filter` of a network computes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.filtering.choices import Edges
from specnet.filtering.kernels import Kernel
from specnet.layers.base.padding import compute_same_padding
from specnet.printable import format_amount

STRIP = 2**17
"""Values that are computed at a time, so that they stay in the processor's cache."""


class DoesNotFit(ValueError):
    """A kernel does not fit into a picture; the message says why."""


def filter_pixels(pixels: np.ndarray, kernels: Sequence[Kernel], edges: Edges) -> np.ndarray:
    """Return H×W×C as float32 H'×W'×C, filtered by one kernel after the other; raises DoesNotFit.

    Nothing is rounded or clipped between the kernels.
    """
    values = pixels.astype(np.float32)
    for kernel in kernels:
        values = correlate(values, kernel.weights, edges)
    return values


def correlate(values: np.ndarray, weights: np.ndarray, edges: Edges) -> np.ndarray:
    """Return the sums of the products of the weights and each window of H×W×C, as float32; raises DoesNotFit."""
    sides = [find_padding(size, window, edges) for size, window in zip(values.shape, weights.shape, strict=False)]
    mode = "reflect" if edges == "reflect" else "constant"
    height, width = (
        size + sum(pads) - window + 1 for size, pads, window in zip(values.shape, sides, weights.shape, strict=False)
    )
    result = np.zeros((height, width, values.shape[2]), np.float32)
    padded = np.pad(values, [*sides, (0, 0)], mode)  # type: ignore[call-overload]  # a list of pairs will do
    rows = max(1, STRIP // (width * values.shape[2]))
    for start in range(0, height, rows):
        strip, source = result[start : start + rows], padded[start:]
        for top, left in np.argwhere(weights):
            strip += weights[top, left] * source[top : top + len(strip), left : left + width]
    return result


def find_padding(size: int, window: int, edges: Edges) -> tuple[int, int]:
    """Return the pixels before and after an axis; an odd one goes to the end. Raises DoesNotFit."""
    if edges == "full":
        return window - 1, window - 1
    if edges == "none":
        if window > size:
            raise DoesNotFit(f"a kernel of {window} does not fit into {size} without padding")
        return 0, 0
    sides = compute_same_padding(size, window, 1, 1)
    if edges == "reflect" and max(sides) >= size:
        raise DoesNotFit(
            f"a kernel of {window} mirrors {format_amount(max(sides), 'pixel')} at the edge, and {size - 1} can be"
        )
    return sides
