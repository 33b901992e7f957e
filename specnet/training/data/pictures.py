"""One picture file as pixels of the network's size: the same for training, measuring and asking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from warnings import catch_warnings, filterwarnings, simplefilter

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from specnet.training.data.fit import fitted, resized

GREY = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"})
"""Pillow's modes without colour."""

SIXTEEN = frozenset({"I;16", "I;16B", "I;16L"})
"""Pillow's modes of 16 bits, which it would cut off at 255."""

TRANSPARENT = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})

LONGEST = 100
"""Characters of Pillow's own words that a reason takes."""


class Unreadable(Exception):
    """Why a file cannot be read as a picture, in a few words."""


@dataclass(frozen=True)
class Form:
    """What pictures become: resized to exactly `resize`, if given, then fitted to `size`; grey (1) or coloured (3)."""

    size: tuple[int, int]
    channels: int
    resize: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.size, self.channels)


def read(path: Path, form: Form) -> Tensor:
    """A picture upright, its first frame, laid on white where it is transparent: uint8 H×W×C; raises Unreadable."""
    with _explained(path), Image.open(path) as image:
        image.load()
        with suppress(Exception):  # notes of the camera that are damaged may raise anything, and say nothing
            ImageOps.exif_transpose(image, in_place=True)
        pixels = torch.from_numpy(_array(image, form.channels)).reshape(1, image.height, image.width, form.channels)
        return fitted(resized(pixels, form.resize) if form.resize else pixels, form.size)[0]


def is_coloured(path: Path) -> bool:
    """Whether a picture has colours, by its header alone; raises Unreadable."""
    with _explained(path), Image.open(path) as image:
        return image.mode not in GREY


def _array(image: Image.Image, channels: int) -> np.ndarray:
    """uint8 H×W or H×W×3."""
    if image.mode in SIXTEEN or (image.mode == "I" and image.format == "PNG"):
        grey = ((np.array(image).astype(np.int64) + 128) // 257).clip(0, 255).astype(np.uint8)
        return grey if channels == 1 else np.repeat(grey[:, :, None], channels, axis=2)
    if image.mode in ("I", "F"):
        raise Unreadable("more than 16 bits a pixel")
    if image.mode in TRANSPARENT or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.array(image.convert("L" if channels == 1 else "RGB"))


@contextmanager
def strict() -> Iterator[None]:
    """Within it, in all threads, pictures of too many pixels are refused, and Pillow's other warnings are not shown."""
    with catch_warnings():
        filterwarnings("ignore", module="PIL")
        simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        fact = path.stat()
        if not fact.st_size or not S_ISREG(fact.st_mode):
            raise Unreadable("it is empty" if S_ISREG(fact.st_mode) else "it is no file")
        yield
    except Unreadable:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Unreadable(f"more than {(Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} million pixels") from None
    except UnidentifiedImageError:
        raise Unreadable("no picture of a known kind") from None
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()[:LONGEST]) from None
    except Exception as error:  # a damaged file may raise anything
        raise Unreadable((str(error) or type(error).__name__).splitlines()[0][:LONGEST]) from None
