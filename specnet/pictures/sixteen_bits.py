"""Bring grey images of 16 bits to 8 by a scale that is fitted to the training images, as they rarely use all values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LOWEST, HIGHEST = -(2**15), 2**16 - 1
"""The values of images with 16 bits, with a sign or without."""

OUTLIERS = 0.001
"""The share of the pixels at either end that the scale may leave out, so that a few hot pixels do not set it."""

Histogram = np.ndarray
"""int64, the number of pixels of each value from LOWEST to HIGHEST."""


@dataclass(frozen=True)
class SixteenBitScale:
    """`low` and all below becomes 0, `high` and all above 255, and what is between is rounded."""

    low: int
    high: int

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        """Return integers of any type as uint8 of the same shape."""
        shares = (values.astype(np.float64) - self.low) * (255 / (self.high - self.low))
        return shares.round().clip(0, 255).astype(np.uint8)

    def to_record(self) -> dict[str, int]:
        """Return plain values for JSON."""
        return {"low": self.low, "high": self.high}


FULL_SCALE = SixteenBitScale(0, HIGHEST)
"""The scale where none was fitted: all values of 16 bits."""


def scale_from_record(record: Mapping[str, Any] | None) -> SixteenBitScale | None:
    """Restore a scale from its record; raises TypeError, ValueError, KeyError."""
    if record is None:
        return None
    low, high = int(record["low"]), int(record["high"])
    if not LOWEST <= low < high <= HIGHEST:
        raise ValueError(f"{low} to {high} is no range of 16 bits")
    return SixteenBitScale(low, high)


def count_values(values: np.ndarray) -> Histogram:
    """Return the histogram of integers within 16 bits."""
    return np.bincount(values.ravel() - LOWEST, minlength=HIGHEST - LOWEST + 1)


def fit_scale(histograms: Iterable[Histogram]) -> SixteenBitScale:
    """Fit the scale to images: from the 0.1th to the 99.9th percentile of all pixels together.

    Where nearly all pixels have one value, it is from the lowest to the highest; without images, it is the full one.
    """
    counts = sum(histograms, np.zeros(HIGHEST - LOWEST + 1, np.int64))
    below = counts.cumsum()
    if not below[-1]:
        return FULL_SCALE
    ends = [int(np.searchsorted(below, share * below[-1], side="right")) for share in (OUTLIERS, 1 - OUTLIERS)]
    if ends[0] >= ends[1]:
        ends = counts.nonzero()[0][[0, -1]].tolist()
    low = min(ends[0] + LOWEST, HIGHEST - 1)
    return SixteenBitScale(low, max(ends[1] + LOWEST, low + 1))
