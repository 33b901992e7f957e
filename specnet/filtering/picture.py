"""Filtered values of any range made a picture again, and written in the format of its file's name."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import assert_never

import numpy as np
from PIL import Image

from specnet.filtering.choices import Range

FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "bmp": "BMP", "tif": "TIFF", "tiff": "TIFF"}
"""Pillow's formats by the ending of a file."""

QUALITY = 95
"""Of formats that lose details."""


@dataclass(frozen=True)
class Extent:
    """The lowest and the highest of filtered values, and the shares of them below 0 and above 255."""

    low: float
    high: float
    below: float
    above: float


def measure_extent(values: np.ndarray) -> Extent:
    """Return the extent of values, of which there is at least one."""
    below, above = (float(np.count_nonzero(odd)) / values.size for odd in (values < 0, values > 255))
    return Extent(float(values.min()), float(values.max()), below, above)


def to_bytes(values: np.ndarray, how: Range) -> np.ndarray:
    """Return float values of any shape as uint8, rounded."""
    match how:
        case "clip":
            inside = values
        case "absolute":
            inside = abs(values)
        case "stretch":
            low, high = float(values.min()), float(values.max())
            inside = (values - low) * (255 / (high - low)) if high > low else values
        case _:
            assert_never(how)
    pixels: np.ndarray = np.rint(inside).clip(0, 255).astype(np.uint8)
    return pixels


def encode(pixels: np.ndarray, ending: str) -> bytes:
    """Return uint8 H×W×1 or H×W×3 as the content of a file with this ending, one of FORMATS."""
    content = BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.save(content, FORMATS[ending], quality=QUALITY)
    return content.getvalue()
