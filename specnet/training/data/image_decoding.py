"""Decode image files to pixels of the network's size, in the same way for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
        turn_upright(image)
        pixels = torch.from_numpy(to_array(image, form.channels, form.scale)).reshape(
            1, image.height, image.width, form.channels
        )
        return resize_and_crop(resize(pixels, form.resize) if form.resize else pixels, form.size)[0]


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
