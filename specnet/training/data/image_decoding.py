"""Decode image files to pixels of the network's size, in the same way for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

from specnet.pictures.decoding import count_deep_values, to_array, turn_upright
from specnet.pictures.files import BadFile, describe_bad_files, map_files, open_image
from specnet.pictures.sixteen_bits import FULL_SCALE, Histogram, SixteenBitScale
from specnet.training.data.images import resize, resize_and_crop
from specnet.training.errors import DataProblem
from specnet.training.resources import count_processors

NOTE_EVERY = 5.0
"""Seconds between two notes of progress."""


@dataclass(frozen=True)
class ImageFormat:
    """The form of decoded images: resized to exactly `resize`, if given, then fitted to `size`; 1 or 3 channels.

    Greys of 16 bits are brought to 8 by `scale`. The centre crop takes the share `crop` of the shorter side.
    """

    size: tuple[int, int]
    channels: int
    resize: tuple[int, int] | None = None
    scale: SixteenBitScale = FULL_SCALE
    crop: float = 1.0

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.size, self.channels)


Window = Callable[[int, int], tuple[int, int, int, int]]
"""Top, left, height and width of a window in an image of some height and width."""


def decode_image(source: Path | BytesIO, form: ImageFormat, window: Window | None = None) -> Tensor:
    """Decode the first frame of an image, upright and on white, to uint8 H×W×C; raises BadImage.

    With a `window`, that part of the whole image is resized, whatever its proportions, instead of the centre.
    """
    with open_image(source) as image:
        turn_upright(image)
        size = (image.height, image.width)
        pixels = torch.from_numpy(to_array(image, form.channels, form.scale)).view(1, *size, form.channels)
        if size == form.size and not window and form.crop == 1 and not form.resize:
            return pixels[0]
        pixels = resize(pixels, form.resize) if form.resize else pixels
        if window:
            top, left, height, width = window(pixels.shape[1], pixels.shape[2])
            return resize(pixels[:, top : top + height, left : left + width], form.size)[0]
        return resize_and_crop(pixels, form.size, form.crop)[0]


def count_all_values(paths: Sequence[Path], workers: int) -> Iterator[Histogram]:
    """Yield the histogram of each grey image of 16 bits that can be read."""
    results = map_files(count_deep_values, paths, workers)
    return (result for result in results if not isinstance(result, BadFile))


def decode_images(
    paths: Sequence[Path],
    form: ImageFormat,
    workers: int,
    note: Callable[[str], None] = lambda text: None,
    ahead: int = 0,
) -> Iterator[Tensor | BadFile]:
    """Yield images as uint8 H×W×C in the files' order; `note` reports the progress of a long decoding.

    At least `ahead` images are decoded before they are asked for.
    """
    began = told = perf_counter()
    for done, result in enumerate(map_files(lambda path: decode_image(path, form), paths, workers, ahead), 1):
        yield result
        if (now := perf_counter()) - told > NOTE_EVERY:
            told = now
            note(f"decoded {done:,} of {len(paths):,} images, {done / (now - began):,.0f} a second")


def decode_into_memory(paths: Sequence[Path], form: ImageFormat) -> Tensor:
    """Return images as uint8 N×H×W×C; raises DataProblem that names the files that cannot be read."""
    results = list(decode_images(paths, form, count_processors()))
    if bad := [result for result in results if isinstance(result, BadFile)]:
        raise DataProblem(describe_bad_files(bad, len(paths)))
    return torch.stack([result for result in results if isinstance(result, Tensor)])
