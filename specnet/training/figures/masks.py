"""Pictures of masks: a colour for each class, masks as PNG with a palette, and masks laid over their images."""

from __future__ import annotations

from collections.abc import Sequence
from colorsys import hsv_to_rgb
from io import BytesIO

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]

GOLDEN = 0.618034
"""The part of the circle of hues between a class and the next, so that neighbours differ."""

SHADES = ((0.85, 0.95), (0.55, 1.0), (0.9, 0.6))
"""Saturation and brightness of the colours, by turns."""

UNKNOWN = 255
"""What a mask has where nothing is known; it is grey in pictures."""

GREY: Colour = (128, 128, 128)

WEIGHT = 0.6
"""The share of a class's colour where it lies over an image."""


def make_colours(classes: int) -> list[Colour]:
    """Return a colour for each class: black for the first one, and hues for the others."""
    return [(0, 0, 0), *(_choose_colour(number) for number in range(classes - 1))][:classes]


def _choose_colour(number: int) -> Colour:
    red, green, blue = hsv_to_rgb(number * GOLDEN % 1, *SHADES[number % len(SHADES)])
    return round(255 * red), round(255 * green), round(255 * blue)


def paint(mask: np.ndarray, colours: Sequence[Colour]) -> np.ndarray:
    """Return uint8 H×W×3 for a mask uint8 H×W."""
    table = np.full((256, 3), GREY, np.uint8)
    table[: len(colours)] = colours
    return np.asarray(table[mask])


def overlay(image: np.ndarray, mask: np.ndarray, colours: Sequence[Colour]) -> np.ndarray:
    """Return an image uint8 H×W×3 with its mask; pixels of the first class, and unknown ones, stay as they are."""
    shown = ((mask > 0) & (mask != UNKNOWN))[..., None]
    mixed = (1 - WEIGHT) * image + WEIGHT * paint(mask, colours)
    return np.where(shown, mixed.round().astype(np.uint8), image)


def encode_mask(mask: np.ndarray, colours: Sequence[Colour]) -> bytes:
    """Return a mask as a PNG whose palette has the colours, in which class k is k."""
    image = Image.fromarray(mask)
    table = np.full((256, 3), GREY, np.uint8)
    table[: len(colours)] = colours
    image.putpalette(table.ravel().tolist())
    return _to_png(image)


def encode_picture(picture: np.ndarray) -> bytes:
    """Return uint8 H×W×3 as PNG."""
    return _to_png(Image.fromarray(picture))


def _to_png(image: Image.Image) -> bytes:
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
