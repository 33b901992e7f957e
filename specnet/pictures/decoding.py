"""Decode image files of all modes to uint8: grey of 16 bits by a scale, transparent parts on white."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from specnet.pictures.files import BadImage, open_image, refuse_oversized
from specnet.pictures.headers import DEEP_MODES, is_transparent
from specnet.pictures.sixteen_bits import (
    FULL_SCALE,
    HIGHEST,
    LOWEST,
    Histogram,
    SixteenBitScale,
    count_values,
    fit_scale,
)


def turn_upright(image: Image.Image) -> None:
    """Load an image and turn it as its EXIF data say; damaged ones may raise anything, and are ignored."""
    image.load()
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def read_picture(path: Path, channels: int = 3) -> np.ndarray:
    """Return the first frame of an image of any size, upright and on white, as uint8 H×W×3, or H×W of 1 channel.

    A grey one of 16 bits has a scale of its own. Raises BadImage.
    """
    with refuse_oversized(), open_image(path) as image:
        turn_upright(image)
        scale = fit_scale([count_values(read_deep(image))]) if image.mode in DEEP_MODES else FULL_SCALE
        return to_array(image, channels, scale)


def count_deep_values(path: Path) -> Histogram:
    """Return the histogram of a grey image of 16 bits; raises BadImage."""
    with open_image(path) as image:
        return count_values(read_deep(image))


def to_array(image: Image.Image, channels: int, scale: SixteenBitScale) -> np.ndarray:
    """Return uint8 H×W of 1 channel, or H×W×3, with greys of 16 bits brought to 8 by `scale`; raises BadImage."""
    if image.mode in DEEP_MODES:
        grey = scale.to_bytes(read_deep(image))
        return grey if channels == 1 else np.repeat(grey[:, :, None], channels, axis=2)
    if image.mode == "F":
        raise BadImage("its values are no whole numbers")
    if is_transparent(image):
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.array(image.convert("L" if channels == 1 else "RGB"))


def read_deep(image: Image.Image) -> np.ndarray:
    """Return int64 H×W; raises BadImage for values of more than 16 bits."""
    values = np.array(image).astype(np.int64)
    if values.min() < LOWEST or values.max() > HIGHEST:
        raise BadImage("more than 16 bits a pixel")
    return values
