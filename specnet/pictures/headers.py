"""What image files say of themselves before they are decoded: size, colours, and what decoding will change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from specnet.pictures.files import BadFile, map_files, open_image

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"})
"""Pillow's modes without colour."""

DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L"})
"""Pillow's modes of more than 8 bits, which it would cut off at 255."""

TRANSPARENT_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})

DEEP_PPM = re.compile(r"'RGB', (?!255\b)\d{3,}")
"""Pillow's decoder of a PPM file whose largest value is above 255."""

ORIENTATION = 0x0112
"""The number in EXIF data that says how a camera was held; from 5 on, height and width change places."""


@dataclass(frozen=True)
class Header:
    """What an image says of itself before it is decoded: height and width when upright, and what will be changed."""

    size: tuple[int, int]
    is_grey: bool
    is_deep: bool
    changes: tuple[str, ...]


def read_header(source: Path | BytesIO) -> Header:
    """Read the header of an image, a file or its content; raises BadImage."""
    with open_image(source) as image:
        orientation = _read_orientation(image)
        size = (image.width, image.height) if orientation > 4 else (image.height, image.width)
        is_deep = image.mode in DEEP_MODES
        changes = {
            "turned upright": orientation > 1,
            "put on white": is_transparent(image),
            "reduced to the first frame": getattr(image, "is_animated", False),
            "changed from print colours to RGB": image.mode == "CMYK",
            "cut from 16-bit colour to 8": not is_deep and _has_deep_tiles(image),
        }
        return Header(size, image.mode in GREY_MODES, is_deep, tuple(what for what, is_so in changes.items() if is_so))


def _read_orientation(image: Image.Image) -> int:
    """Return how a camera was held, from 1 for upright to 8."""
    if image.format == "PNG" and "exif" not in image.info:  # Pillow would decode it to look for more behind the pixels
        return 1
    with suppress(Exception):  # damaged EXIF data may raise anything, and is ignored
        held = image.getexif().get(ORIENTATION, 1)
        return held if held in range(1, 9) else 1
    return 1


def _has_deep_tiles(image: Image.Image) -> bool:
    """Whether a file has 16 bits for each colour, of which Pillow reads the upper 8."""
    tiles = getattr(image, "tile", None)
    arguments = str(tiles[0][3]) if tiles else ""
    return ";16" in arguments or (image.format == "PPM" and DEEP_PPM.search(arguments) is not None)


def read_headers(paths: Sequence[Path], workers: int) -> list[Header | BadFile]:
    """Read the headers of all files."""
    return list(map_files(read_header, paths, workers))


def is_transparent(image: Image.Image) -> bool:
    return image.mode in TRANSPARENT_MODES or "transparency" in image.info
