"""Decode image files to pixels of the network's size, in the same way for training, evaluation and prediction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from time import perf_counter
from typing import TypeVar
from warnings import catch_warnings, filterwarnings, simplefilter

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from specnet.training.data.images import resize, resize_and_crop
from specnet.training.errors import DataProblem
from specnet.training.resources import count_processors

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"})
"""Pillow's modes without colour."""

SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L"})
"""Pillow's modes of 16 bits, which it would cut off at 255."""

TRANSPARENT_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})

LONGEST_REASON = 100
"""The longest part of a message of Pillow in a reason, in characters."""

Result = TypeVar("Result")

DECODED_AHEAD = 4
"""Images that are decoded ahead for each thread."""

NOTE_EVERY = 5.0
"""Seconds between two notes of progress."""

SHOWN = 5
"""Unreadable files that a message names."""


class BadImage(Exception):
    """A file cannot be read as an image; the message is a short reason."""


@dataclass(frozen=True)
class ImageFormat:
    """The form of decoded images: resized to exactly `resize`, if given, then fitted to `size`; 1 or 3 channels."""

    size: tuple[int, int]
    channels: int
    resize: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.size, self.channels)


def decode_image(path: Path, form: ImageFormat) -> Tensor:
    """Decode the first frame of an image, upright and on white, to uint8 H×W×C; raises BadImage."""
    with _explain_bad_image(path), Image.open(path) as image:
        image.load()
        with suppress(Exception):  # damaged EXIF data may raise anything, and is ignored
            ImageOps.exif_transpose(image, in_place=True)
        pixels = torch.from_numpy(_to_array(image, form.channels)).reshape(1, image.height, image.width, form.channels)
        return resize_and_crop(resize(pixels, form.resize) if form.resize else pixels, form.size)[0]


def has_colour(path: Path) -> bool:
    """Whether an image has colours, by its header alone; raises BadImage."""
    with _explain_bad_image(path), Image.open(path) as image:
        return image.mode not in GREY_MODES


def _to_array(image: Image.Image, channels: int) -> np.ndarray:
    """Return uint8 H×W or H×W×3."""
    if image.mode in SIXTEEN_BIT or (image.mode == "I" and image.format == "PNG"):
        grey = ((np.array(image).astype(np.int64) + 128) // 257).clip(0, 255).astype(np.uint8)
        return grey if channels == 1 else np.repeat(grey[:, :, None], channels, axis=2)
    if image.mode in ("I", "F"):
        raise BadImage("more than 16 bits a pixel")
    if image.mode in TRANSPARENT_MODES or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.array(image.convert("L" if channels == 1 else "RGB"))


@contextmanager
def refuse_oversized() -> Iterator[None]:
    """Make Pillow refuse oversized images within the context, in all threads, and hide its other warnings."""
    with catch_warnings():
        filterwarnings("ignore", module="PIL")
        simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _explain_bad_image(path: Path) -> Iterator[None]:
    try:
        fact = path.stat()
        if not fact.st_size or not S_ISREG(fact.st_mode):
            raise BadImage("it is empty" if S_ISREG(fact.st_mode) else "it is no file")
        yield
    except BadImage:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise BadImage(f"more than {(Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} million pixels") from None
    except UnidentifiedImageError:
        raise BadImage("no image of a known format") from None
    except OSError as error:
        raise BadImage((error.strerror or str(error)).lower()[:LONGEST_REASON]) from None
    except Exception as error:  # a damaged file may raise anything
        raise BadImage((str(error) or type(error).__name__).splitlines()[0][:LONGEST_REASON]) from None


@dataclass(frozen=True)
class BadFile:
    """A file that cannot be read, and why."""

    name: str
    reason: str


def any_has_colour(paths: Sequence[Path], workers: int) -> bool:
    """Whether any image has colours; unreadable files are left to `decode_images`."""
    with closing(_map_files(has_colour, paths, workers)) as answers:
        return any(answer is True for answer in answers)


def decode_images(
    paths: Sequence[Path], form: ImageFormat, workers: int, note: Callable[[str], None]
) -> Iterator[Tensor | BadFile]:
    """Yield images as uint8 H×W×C in the files' order; `note` reports the progress of a long decoding."""
    began = told = perf_counter()
    for done, result in enumerate(_map_files(lambda path: decode_image(path, form), paths, workers), 1):
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


def describe_bad_files(bad: Sequence[BadFile], files: int) -> str:
    """Return a message about files that cannot be read."""
    named = ", ".join(f"{each.name} ({each.reason})" for each in bad[:SHOWN])
    return f"{len(bad):,} of {files:,} files cannot be read: {named}" + _format_rest(len(bad) - SHOWN)


def _format_rest(rest: int) -> str:
    return f" and {rest:,} more" if rest > 0 else ""


def _map_files(work: Callable[[Path], Result], paths: Iterable[Path], workers: int) -> Generator[Result | BadFile]:
    """Yield the results for all files, in the files' order, with a bounded number of pending ones."""

    def attempt(path: Path) -> Result | BadFile:
        try:
            return work(path)
        except BadImage as error:
            return BadFile(str(path), str(error))

    with refuse_oversized():
        if workers:
            yield from _map_by_threads(attempt, paths, workers)
        else:
            yield from map(attempt, paths)


def _map_by_threads(attempt: Callable[[Path], Result], paths: Iterable[Path], workers: int) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, "decode") as threads:
        for path in paths:
            pending.append(threads.submit(attempt, path))
            if len(pending) > DECODED_AHEAD * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
