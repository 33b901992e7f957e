"""Decode image files to pixels of the network's size, in the same way for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from specnet.training.data.image_files import (
    BadFile,
    BadImage,
    describe_bad_files,
    map_files,
    open_image,
    refuse_oversized,
)
from specnet.training.data.image_headers import DEEP_MODES, is_transparent
from specnet.training.data.images import resize, resize_and_crop
from specnet.training.data.sixteen_bits import (
    FULL_SCALE,
    HIGHEST,
    LOWEST,
    Histogram,
    SixteenBitScale,
    count_values,
    fit_scale,
)
from specnet.training.errors import DataProblem
from specnet.training.resources import count_processors

NOTE_EVERY = 5.0
"""Seconds between two notes of progress."""


@dataclass(frozen=True)
class ImageFormat:
    """The form of decoded images: resized to exactly `resize`, if given, then fitted to `size`; 1 or 3 channels.

    Greys of 16 bits are brought to 8 by `scale`.
    """

    size: tuple[int, int]
    channels: int
    resize: tuple[int, int] | None = None
    scale: SixteenBitScale = FULL_SCALE

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.size, self.channels)


def decode_image(path: Path, form: ImageFormat) -> Tensor:
    """Decode the first frame of an image, upright and on white, to uint8 H×W×C; raises BadImage."""
    with open_image(path) as image:
        image.load()
        with suppress(Exception):  # damaged EXIF data may raise anything, and is ignored
            ImageOps.exif_transpose(image, in_place=True)
        pixels = torch.from_numpy(_to_array(image, form)).reshape(1, image.height, image.width, form.channels)
        return resize_and_crop(resize(pixels, form.resize) if form.resize else pixels, form.size)[0]


def read_picture(path: Path) -> np.ndarray:
    """Return an image of any size as uint8 H×W×3, for people to look at; raises BadImage.

    A grey one of 16 bits has a scale of its own.
    """
    with refuse_oversized(), open_image(path) as image:
        scale = fit_scale([count_values(_read_deep(image))]) if image.mode in DEEP_MODES else FULL_SCALE
        return _to_array(image, ImageFormat((image.height, image.width), 3, scale=scale))


def count_deep_values(path: Path) -> Histogram:
    """Return the histogram of a grey image of 16 bits; raises BadImage."""
    with open_image(path) as image:
        return count_values(_read_deep(image))


def _to_array(image: Image.Image, form: ImageFormat) -> np.ndarray:
    """Return uint8 H×W or H×W×3."""
    if image.mode in DEEP_MODES:
        grey = form.scale.to_bytes(_read_deep(image))
        return grey if form.channels == 1 else np.repeat(grey[:, :, None], form.channels, axis=2)
    if image.mode == "F":
        raise BadImage("its values are no whole numbers")
    if is_transparent(image):
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.array(image.convert("L" if form.channels == 1 else "RGB"))


def _read_deep(image: Image.Image) -> np.ndarray:
    """Return int64 H×W; raises BadImage for values of more than 16 bits."""
    values = np.array(image).astype(np.int64)
    if values.min() < LOWEST or values.max() > HIGHEST:
        raise BadImage("more than 16 bits a pixel")
    return values


def count_all_values(paths: Sequence[Path], workers: int) -> Iterator[Histogram]:
    """Yield the histogram of each grey image of 16 bits that can be read."""
    results = map_files(count_deep_values, paths, workers)
    return (result for result in results if not isinstance(result, BadFile))


def decode_images(
    paths: Sequence[Path], form: ImageFormat, workers: int, note: Callable[[str], None]
) -> Iterator[Tensor | BadFile]:
    """Yield images as uint8 H×W×C in the files' order; `note` reports the progress of a long decoding."""
    began = told = perf_counter()
    for done, result in enumerate(map_files(lambda path: decode_image(path, form), paths, workers), 1):
        yield result
        if (now := perf_counter()) - told > NOTE_EVERY:
            told = now
            note(f"decoded {done:,} of {len(paths):,} images, {done / (now - began):,.0f} a second")


def decode_into_memory(paths: Sequence[Path], form: ImageFormat) -> Tensor:
    """Return images as uint8 N×H×W×C; raises DataProblem that names the files that cannot be read."""
    results = list(decode_images(paths, form, count_processors(), lambda text: None))
    if bad := [result for result in results if isinstance(result, BadFile)]:
        raise DataProblem(describe_bad_files(bad, len(paths)))
    return torch.stack([result for result in results if isinstance(result, Tensor)])
