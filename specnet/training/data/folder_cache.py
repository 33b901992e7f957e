"""Cache the decoded images of a folder, which are decoded once and read back as long as no file changes.

In the user's cache, `folders/KEY/pixels` holds the images one after the other, uint8 H×W×C each, and `contents.json`
their number, the files that could not be read, and the checksum. The key hashes all that the pixels depend on.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from specnet.atomic_write import open_atomically
from specnet.byte_sizes import format_bytes
from specnet.file_access import is_there, read_bounded_file
from specnet.pictures.files import BadFile
from specnet.pictures.sixteen_bits import FULL_SCALE, SixteenBitScale
from specnet.printable import format_amount
from specnet.training.data.download import get_cache_folder
from specnet.training.data.folder_survey import Survey
from specnet.training.data.image_decoding import ImageFormat, decode_image, decode_images, decode_masked
from specnet.training.data.images import Findings
from specnet.training.data.masks import MaskForm
from specnet.training.errors import CannotRun
from specnet.training.files import is_locked, lock_folder, write_atomically
from specnet.training.resources import CPU, fits_in_memory, get_free_memory

FORMAT = 2
"""A part of the key, to be increased whenever the same files give other pixels."""

PIXELS, CONTENTS = "pixels", "contents.json"

LARGEST_CONTENTS = 2**30
"""The most bytes of contents.json, which names each file that cannot be read."""

CHUNK = 2**24
"""Bytes that are read at a time for the checksum."""

MARGIN = 2**24
"""Bytes of the disk that are left free."""

WAIT = 0.5
"""Seconds between two checks whether another process has decoded the images."""


class Contents(BaseModel):
    """contents.json: what lies beside the pixels, `asked` being the scale of a run that they were decoded for."""

    model_config = ConfigDict(frozen=True)

    shape: tuple[int, int, int, int]
    crc32: int
    source: str
    resize: tuple[int, int] | None
    crop: float = 1.0
    asked: SixteenBitScale | None
    scale: SixteenBitScale | None
    bad: dict[int, str]
    passed_over: tuple[int, ...]
    findings: Findings | None
    has_masks: bool = False

    @property
    def form(self) -> tuple[object, ...]:
        """The folder and the form of the pixels: two caches of the same form hold the same images, or one is old."""
        return self.source, self.resize, self.crop, self.asked, self.shape[1:3], self.has_masks


@dataclass(frozen=True)
class DecodedFolder:
    """The good images in the order of their files: `pixels` is uint8 N×H×W×C, a mapped file or in memory.

    `bad` are the reasons by the places of files that cannot be read, `passed_over` the places of files that are no
    images; `scale` is that of grey images of 16 bits, if there are any.
    """

    pixels: Tensor
    bad: Mapping[int, str]
    passed_over: tuple[int, ...]
    scale: SixteenBitScale | None
    findings: Findings | None
    has_masks: bool = False

    @property
    def channels(self) -> int:
        """The channels of the images, beside which a mask may be another one."""
        return self.pixels.shape[3] - self.has_masks


@dataclass(frozen=True)
class FileMasks:
    """The mask of each file, and the form in which they are read."""

    paths: Sequence[Path]
    form: MaskForm


@dataclass(frozen=True)
class FolderCache:
    """The cache of the images below a folder; the paths of `files` are relative to it.

    The centre crop takes the share `crop` of the shorter side. `asked` is the scale for grey images of 16 bits, or
    None where it is fitted to those that are trained on. With `masks`, the mask of an image is its last channel.
    """

    folder: Path
    files: Sequence[str]
    size: tuple[int, int]
    resize: tuple[int, int] | None
    asked: SixteenBitScale | None
    workers: int
    note: Callable[[str], None]
    crop: float = 1.0
    masks: FileMasks | None = None

    def find(self) -> DecodedFolder | None:
        """Return the cached images if there are any and they are intact.

        Those that were decoded for training serve a run as well, if they have its scale or need none.
        """
        for asked in dict.fromkeys((None, self.asked)):
            place = self._place(asked)
            if not is_there(place / CONTENTS):
                continue
            contents = _read_contents(place / CONTENTS)
            if contents and self.asked and contents.scale not in (None, self.asked):
                continue
            if not contents or not (found := _open_whole(place / PIXELS, contents, len(self.files))):
                self.note(f"the cache {_format_path(place)} is damaged, and is made anew")
                return None
            size = format_bytes(found.pixels.nbytes)
            self.note(f"{format_amount(len(found.pixels), 'decoded image')} read from {_format_path(place)}, {size}")
            return found
        return None

    def make(self, survey: Survey, scale: SixteenBitScale | None) -> DecodedFolder:
        """Decode the images, into the cache if possible; raises CannotRun where neither disk nor memory has room.

        Where another process decodes the same images, it is waited for.
        """
        form = ImageFormat(self.size, survey.channels, self.resize, scale or FULL_SCALE, self.crop)
        place = self._place(self.asked if scale else None)
        try:
            place.mkdir(parents=True, exist_ok=True)
            with self._lock(place) as has_waited:
                found = self.find() if has_waited else None
                return found or self._write(form, place, survey, scale)
        except (OSError, CannotRun) as error:
            why = f"{_format_path(place)} cannot be written: {_reason(error)}"
            return self._decode_into_memory(form, why, survey, scale)

    def _place(self, asked: SixteenBitScale | None) -> Path:
        """Return the folder whose name is the key: the same one however the folder of the images is written."""
        known = [(name, *_size_and_time(self.folder / name)) for name in self.files]
        share: list[object] = [] if self.crop == 1 else [self.crop]
        if self.masks:
            masks = [(os.path.relpath(path, self.folder), *_size_and_time(path)) for path in self.masks.paths]
            share += [self.masks.form.to_record(), masks]
        content = [FORMAT, self.size, self.resize, asked and asked.to_record(), known, *share]
        return get_cache_folder() / "folders" / sha256(json.dumps(content).encode()).hexdigest()[:16]

    @contextmanager
    def _lock(self, place: Path) -> Iterator[bool]:
        """Lock the cache folder within the context; yield whether another process held it before. Raises CannotRun."""
        has_waited = False
        while is_locked(place):
            if not has_waited:
                self.note(f"another process is decoding the same images into {_format_path(place)}; waiting for it")
            has_waited = True
            time.sleep(WAIT)
        with lock_folder(place):
            yield has_waited

    def _write(self, form: ImageFormat, place: Path, survey: Survey, scale: SixteenBitScale | None) -> DecodedFolder:
        """Write the pixels to a temporary file that is renamed, and then the contents, which make them valid."""
        needed, room = len(survey.good) * prod(self._shape(form)), shutil.disk_usage(place).free
        if room < needed + MARGIN:
            raise CannotRun(f"{format_bytes(needed)} are needed, and the disk has {format_bytes(room)} left")
        with open_atomically(place / PIXELS) as stream:
            checksum, bad = self._write_pixels(form, survey, stream)
        contents = Contents(
            shape=(len(survey.headers) - len(bad) - len(survey.passed_over), *self._shape(form)),
            crc32=checksum,
            source=self.folder.absolute().as_uri(),
            resize=self.resize,
            crop=self.crop,
            asked=self.asked if scale else None,
            scale=scale,
            bad=bad,
            passed_over=survey.passed_over,
            findings=survey.describe(self.size),
            has_masks=self.masks is not None,
        )
        write_atomically(place / CONTENTS, contents.model_dump_json())
        _remove_outdated(place, contents)
        found = _map_pixels(place / PIXELS, contents)
        images = format_amount(len(found.pixels), "image")
        self.note(f"decoded {images} into {_format_path(place)}, {format_bytes(found.pixels.nbytes)}")
        return found

    def _write_pixels(self, form: ImageFormat, survey: Survey, stream: BinaryIO) -> tuple[int, dict[int, str]]:
        """Write the images one after the other; return their checksum, and the bad files."""
        checksum, bad = 0, survey.bad
        for place, image in self._decode(form, survey):
            if isinstance(image, BadFile):
                bad[place] = image.reason
            else:
                content = image.numpy().data
                checksum = crc32(content, checksum)
                stream.write(content)
        return checksum, bad

    def _decode_into_memory(
        self, form: ImageFormat, why: str, survey: Survey, scale: SixteenBitScale | None
    ) -> DecodedFolder:
        number = len(survey.good)
        size = number * prod(self._shape(form))
        if not fits_in_memory(size, CPU):
            raise CannotRun(
                f"{why}; and {number:,} images, {format_bytes(size)}, are too many to decode into memory, "
                f"which has {format_bytes(get_free_memory(CPU))} left"
            )
        self.note(f"{why}; the images are decoded into memory, and anew for the next run")
        pixels, bad, done = torch.empty((number, *self._shape(form)), dtype=torch.uint8), survey.bad, 0
        for place, image in self._decode(form, survey):
            if isinstance(image, BadFile):
                bad[place] = image.reason
            else:
                pixels[done], done = image, done + 1
        found, has_masks = survey.describe(self.size), self.masks is not None
        return DecodedFolder(pixels[:done], bad, survey.passed_over, scale, found, has_masks)

    def _decode(self, form: ImageFormat, survey: Survey) -> Iterator[tuple[int, Tensor | BadFile]]:
        """Yield the decoded images, or bad files, with the places of their files."""
        paths = [self.folder / self.files[place] for place in survey.good]
        decode = self._decode_with_mask if self.masks else decode_image
        return zip(survey.good, decode_images(paths, form, self.workers, self.note, decode=decode), strict=True)

    def _decode_with_mask(self, image: Path, form: ImageFormat) -> Tensor:
        assert self.masks
        return decode_masked(image, self._mask_of[image], form, self.masks.form)

    @cached_property
    def _mask_of(self) -> Mapping[Path, Path]:
        masks = self.masks.paths if self.masks else ()
        return {self.folder / name: mask for name, mask in zip(self.files, masks, strict=True)}

    def _shape(self, form: ImageFormat) -> tuple[int, int, int]:
        """Return height, width and channels of what is stored."""
        height, width, channels = form.shape
        return height, width, channels + (self.masks is not None)


def _remove_outdated(place: Path, new: Contents) -> None:
    """Remove the cache of the same folder in the same form, from before its files changed."""
    for other in place.parent.iterdir():
        if other != place and (old := _read_contents(other / CONTENTS)) and old.form == new.form:
            shutil.rmtree(other, ignore_errors=True)


def _size_and_time(path: Path) -> tuple[int, int]:
    """Return the size and the modification time of a file; zeros for a dangling link."""
    try:
        fact = path.stat()
    except OSError:
        return 0, 0
    return fact.st_size, fact.st_mtime_ns


def _read_contents(path: Path) -> Contents | None:
    """Read contents.json; None where it is missing, damaged or from another version."""
    try:
        return Contents.model_validate_json(read_bounded_file(path, LARGEST_CONTENTS))
    except (OSError, ValueError):
        return None


def _open_whole(path: Path, contents: Contents, files: int) -> DecodedFolder | None:
    """Return the pixels if they match the contents, and these the number of files."""
    left_out = {*contents.bad, *contents.passed_over}
    is_consistent = min(contents.shape) >= 0 and contents.shape[0] + len(left_out) == files
    if not is_consistent or not left_out <= set(range(files)) or not path.is_file():
        return None
    is_whole = path.stat().st_size == prod(contents.shape) and _checksum(path) == contents.crc32
    return _map_pixels(path, contents) if is_whole else None


def _map_pixels(path: Path, contents: Contents) -> DecodedFolder:
    shape = contents.shape
    pixels = (  # an empty file cannot be mapped
        torch.from_numpy(np.memmap(path, np.uint8, "c", shape=shape))
        if shape[0]
        else torch.empty(shape, dtype=torch.uint8)
    )
    facts = (contents.bad, contents.passed_over, contents.scale, contents.findings, contents.has_masks)
    return DecodedFolder(pixels, *facts)


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            checksum = crc32(chunk, checksum)
    return checksum


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)


def _format_path(path: Path) -> str:
    """Return a path, relative to the user's home if it lies there."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)
