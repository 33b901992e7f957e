"""Read masks: pictures in which each pixel has the number of its class, or its colour.

In the trainer's form, uint8 H×W, 0 is ignored and class k is k + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from specnet.pictures.files import BadImage, open_image
from specnet.pictures.headers import DEEP_MODES

NUMBERED_MODES = frozenset({"1", "L", "P", "LA", "PA"}) | DEEP_MODES
"""Pillow's modes whose first channel is a number: grey, or a place in a palette."""

MOST_CLASSES = 254
"""The classes that fit into a byte beside what is ignored."""

SHOWN = 4
"""Values that a message names."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class MaskForm:
    """The number of classes in masks, the value that is ignored, and the colour of each class, if they have colours."""

    classes: int
    ignored: int | None
    colours: tuple[Colour, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def read_mask(path: Path, form: MaskForm, size: tuple[int, int]) -> np.ndarray:
    """Return uint8 H×W for a mask whose image has this height and width; raises BadImage."""
    image = _load_mask(path)
    if (image.height, image.width) != size:
        raise BadImage(f"its mask is {image.height}×{image.width}, and it is {size[0]}×{size[1]}")
    values = _find_colours(image, form.colours) if form.colours else _read_numbers(image)
    is_ignored = values == form.ignored
    odd = (values < 0) | (values >= form.classes) & ~is_ignored
    if odd.any():
        raise BadImage(_describe_values(np.unique(values[odd]), form))
    return np.where(is_ignored, 0, values + 1).astype(np.uint8)


def _load_mask(path: Path) -> Image.Image:
    """Return a mask, decoded; raises BadImage that names its file, as the image itself is sound."""
    try:
        with open_image(path) as image:
            image.load()
            return image
    except BadImage as error:
        raise BadImage(f"its mask {path}: {error}") from None


def _describe_values(values: np.ndarray, form: MaskForm) -> str:
    """Return which values are no class; those between two classes are from smooth edges."""
    named = ", ".join(map(str, values[:SHOWN].tolist())) + (
        f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    )
    return f"its mask has {named}, and the {form.classes} classes are 0 to {form.classes - 1}"


def _read_numbers(image: Image.Image) -> np.ndarray:
    """Return int64 H×W: greys, places in a palette, or colours of which all are greys; raises BadImage."""
    values = np.array(image).astype(np.int64)
    if image.mode in NUMBERED_MODES:
        return values if values.ndim == 2 else values[:, :, 0]
    if image.mode in ("RGB", "RGBA") and (values[:, :, :1] == values[:, :, 1:3]).all():
        return values[:, :, 0]
    if image.mode in ("RGB", "RGBA"):
        raise BadImage("its mask has colours, and a file of names does not say which class each one is")
    raise BadImage(f"its mask has the mode {image.mode}, and a mask has a whole number or a colour at each pixel")


def _find_colours(image: Image.Image, colours: Sequence[Colour]) -> np.ndarray:
    """Return int64 H×W, the class that has the colour of each pixel; raises BadImage for other colours."""
    codes, known = _encode(np.array(image.convert("RGB"))), _encode(np.array(colours))
    order = known.argsort()
    found = order[np.searchsorted(known, codes, sorter=order).clip(max=len(known) - 1)]
    odd = known[found] != codes
    if odd.any():
        others = [f"#{code:06x}" for code in np.unique(codes[odd]).tolist()]
        named = ", ".join(others[:SHOWN]) + (f" and {len(others) - SHOWN} more" if len(others) > SHOWN else "")
        raise BadImage(f"its mask has {named}, which {'is' if len(others) == 1 else 'are'} the colour of no class")
    return np.asarray(found)


def _encode(colours: np.ndarray) -> np.ndarray:
    """Return int64 …, one number for each colour of …×3."""
    return np.asarray(colours.astype(np.int64) @ np.array([2**16, 2**8, 1]))
