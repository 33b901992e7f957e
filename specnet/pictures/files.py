"""Open image files of all formats, by their content: what is none is refused with a short reason."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import TypeVar
from warnings import catch_warnings, filterwarnings, simplefilter

from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")
"""Pillow's formats that are read, whatever the name of the file; its others are of films, documents or icons."""

LONGEST_REASON = 100
"""The longest part of a message of Pillow in a reason, in characters."""

DECODED_AHEAD = 4
"""Images that are decoded ahead for each thread."""

SHOWN = 5
"""Unreadable files that a message names."""


Result = TypeVar("Result")


class BadImage(Exception):
    """A file cannot be read as an image; the message is a short reason."""


@dataclass(frozen=True)
class BadFile:
    """A file that cannot be read, and why."""

    name: str
    reason: str


@contextmanager
def open_image(source: Path | BytesIO) -> Iterator[Image.Image]:
    """Open an image, a file or its content, whose header is read.

    Raises BadImage, also for what is raised within the context.
    """
    try:
        _refuse_empty(source)
        with Image.open(source, formats=_find_formats()) as image:
            yield image
    except BadImage:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise BadImage(f"more than {(Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} million pixels") from None
    except UnidentifiedImageError:
        raise BadImage("no image of a known format") from None
    except OSError as error:
        raise BadImage(_shorten((error.strerror or str(error)).lower())) from None
    except Exception as error:  # a damaged file may raise anything
        raise BadImage(_shorten(str(error) or type(error).__name__)) from None


def _refuse_empty(source: Path | BytesIO) -> None:
    """Raise BadImage for an empty file, or one that is no regular file."""
    if isinstance(source, BytesIO):
        size, is_file = source.getbuffer().nbytes, True
    else:
        fact = source.stat()
        size, is_file = fact.st_size, S_ISREG(fact.st_mode)
    if not size or not is_file:
        raise BadImage("it is empty" if is_file else "it is no file")


def _shorten(reason: str) -> str:
    """Return the first line of a message as text that UTF-8 can hold, which a file's name need not be."""
    return reason.splitlines()[0][:LONGEST_REASON].encode(errors="backslashreplace").decode()


@cache
def _find_formats() -> tuple[str, ...]:
    """Return the formats that are read and that this Pillow knows."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def describe_bad_files(bad: Sequence[BadFile], files: int) -> str:
    """Return a message about files that cannot be read."""
    named = ", ".join(f"{each.name} ({each.reason})" for each in bad[:SHOWN])
    return f"{len(bad):,} of {files:,} files cannot be read: {named}" + _format_rest(len(bad) - SHOWN)


def _format_rest(rest: int) -> str:
    return f" and {rest:,} more" if rest > 0 else ""


def map_files(
    work: Callable[[Path], Result], paths: Iterable[Path], workers: int, ahead: int = 0
) -> Iterator[Result | BadFile]:
    """Yield the results for all files, in the files' order, with a bounded number of pending ones, at least `ahead`."""

    def attempt(path: Path) -> Result | BadFile:
        try:
            return work(path)
        except BadImage as error:
            return BadFile(str(path), str(error))

    with refuse_oversized():
        if workers:
            yield from _map_by_threads(attempt, paths, workers, max(ahead, DECODED_AHEAD * workers))
        else:
            yield from map(attempt, paths)


def _map_by_threads(
    attempt: Callable[[Path], Result], paths: Iterable[Path], workers: int, ahead: int
) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, "decode") as threads:
        for path in paths:
            pending.append(threads.submit(attempt, path))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@contextmanager
def refuse_oversized() -> Iterator[None]:
    """Make Pillow refuse oversized images within the context, in all threads, and hide its other warnings."""
    with catch_warnings():
        filterwarnings("ignore", module="PIL")
        simplefilter("error", Image.DecompressionBombWarning)
        yield


def refuse_oversized_for_good() -> None:
    """Make Pillow refuse oversized images in all threads from now on, as images are decoded until the program ends."""
    filterwarnings("ignore", module="PIL")
    simplefilter("error", Image.DecompressionBombWarning)
