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
from specnet.training.data.masks import MaskForm, read_mask
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
    pixels = _read_pixels(source, form)
    if window:
        pixels = resize(pixels, form.resize) if form.resize else pixels
        top, left, height, width = window(pixels.shape[1], pixels.shape[2])
        return resize(pixels[:, top : top + height, left : left + width], form.size)[0]
    return _fit(pixels, form)


def decode_masked(image: Path, mask: Path, form: ImageFormat, mask_form: MaskForm) -> Tensor:
    """Decode an image with its mask as the last channel, uint8 H×W×(C + 1), fitted in the same way; raises BadImage."""
    pixels = _read_pixels(image, form)
    values = read_mask(mask, mask_form, (pixels.shape[1], pixels.shape[2]))
    fitted = _fit(torch.from_numpy(values).view(1, *values.shape, 1), form, is_mask=True)
    return torch.cat([_fit(pixels, form), fitted], 2)


def _read_pixels(source: Path | BytesIO, form: ImageFormat) -> Tensor:
    """Return uint8 1×H×W×C in the size of the file."""
    with open_image(source) as image:
        turn_upright(image)
        size = (image.height, image.width)
        return torch.from_numpy(to_array(image, form.channels, form.scale)).view(1, *size, form.channels)


def _fit(pixels: Tensor, form: ImageFormat, is_mask: bool = False) -> Tensor:
    """Return uint8 1×h×w×C as H×W×C of the form's size."""
    if pixels.shape[1:3] == torch.Size(form.size) and form.crop == 1 and not form.resize:
        return pixels[0]
    resized = resize(pixels, form.resize, is_mask) if form.resize else pixels
    return resize_and_crop(resized, form.size, form.crop, is_mask)[0]


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
    decode: Callable[[Path, ImageFormat], Tensor] = decode_image,
) -> Iterator[Tensor | BadFile]:
    """Yield images as uint8 H×W×C in the files' order; `note` reports the progress of a long decoding.

    At least `ahead` images are decoded before they are asked for.
    """
    began = told = perf_counter()
    for done, result in enumerate(map_files(lambda path: decode(path, form), paths, workers, ahead), 1):
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
