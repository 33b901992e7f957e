"""Cache the decoded images of a folder, which are decoded once and read back as long as no file changes.

In the user's cache, `folders/KEY/pixels` holds the images one after the other, uint8 H×W×C each, and `contents.json`
their number, the files that could not be read, and the checksum. The key hashes all that the pixels depend on.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from specnet.atomic_write import open_atomically
from specnet.training.data.download import get_cache_folder
from specnet.training.data.image_decoding import BadFile, ImageFormat, decode_images
from specnet.training.errors import CannotRun
from specnet.training.files import is_locked, lock_folder, write_atomically
from specnet.training.resources import CPU, fits_in_memory, format_bytes, get_free_memory

FORMAT = 1
"""A part of the key, to be increased whenever the same files give other pixels."""

PIXELS, CONTENTS = "pixels", "contents.json"

CHUNK = 2**24
"""Bytes that are read at a time for the checksum."""

MARGIN = 2**24
"""Bytes of the disk that are left free."""

WAIT = 0.5
"""Seconds between two checks whether another process has decoded the images."""


@dataclass(frozen=True)
class DecodedFolder:
    """The good images in the order of their files: `pixels` is uint8 N×H×W×C, a mapped file or in memory."""

    pixels: Tensor
    bad: tuple[BadFile, ...]

    @property
    def channels(self) -> int:
        return self.pixels.shape[3]


@dataclass(frozen=True)
class FolderCache:
    """The cache of the images below a folder; the paths of `files` are relative to it."""

    folder: Path
    files: Sequence[str]
    size: tuple[int, int]
    resize: tuple[int, int] | None
    workers: int
    note: Callable[[str], None]

    def find(self) -> DecodedFolder | None:
        """Return the cached images if there are any and they are intact."""
        place = self._place()
        if (contents := _read_contents(place / CONTENTS)) is None:
            return None
        if (found := _open_whole(place / PIXELS, contents)) is None:
            self.note(f"the cache {_format_path(place)} is damaged, and is made anew")
            return None
        size = format_bytes(found.pixels.nbytes)
        self.note(f"{len(found.pixels):,} decoded images are read from {_format_path(place)}, {size}")
        return found

    def make(self, channels: int) -> DecodedFolder:
        """Decode the images, into the cache if possible; raises CannotRun where neither disk nor memory has room.

        Where another process decodes the same images, it is waited for.
        """
        form, place = ImageFormat(self.size, channels, self.resize), self._place()
        try:
            place.mkdir(parents=True, exist_ok=True)
            with self._lock(place) as has_waited:
                found = self.find() if has_waited else None
                return found or self._write(form, place)
        except (OSError, CannotRun) as error:
            return self._decode_into_memory(form, f"{_format_path(place)} cannot be written: {_reason(error)}")

    def _place(self) -> Path:
        """Return the folder whose name is the key."""
        known = [(name, *_size_and_time(self.folder / name)) for name in self.files]
        key = sha256(json.dumps([FORMAT, self.size, self.resize, known]).encode())
        return get_cache_folder() / "folders" / key.hexdigest()[:16]

    @contextmanager
    def _lock(self, place: Path) -> Iterator[bool]:
        """Keep other processes out within it; yield whether one had to be waited for. Raises CannotRun."""
        has_waited = False
        while is_locked(place):
            if not has_waited:
                self.note(f"another process is decoding the same images into {_format_path(place)}; waiting for it")
            has_waited = True
            time.sleep(WAIT)
        with lock_folder(place):
            yield has_waited

    def _write(self, form: ImageFormat, place: Path) -> DecodedFolder:
        """Write the pixels to a temporary file that is renamed, and then the contents, which make them valid."""
        needed, room = len(self.files) * prod(form.shape), shutil.disk_usage(place).free
        if room < needed + MARGIN:
            raise CannotRun(f"{format_bytes(needed)} are needed, and the disk has {format_bytes(room)} left")
        with open_atomically(place / PIXELS) as stream:
            contents = self._write_pixels(form, stream)
        contents |= {"folder": str(self.folder.absolute()), "resize": self.resize}
        write_atomically(place / CONTENTS, json.dumps(contents))  # in ASCII, as names need not be UTF-8
        self._remove_outdated(place)
        found = _map_pixels(place / PIXELS, contents)
        self.note(
            f"decoded {len(found.pixels):,} images into {_format_path(place)}, {format_bytes(found.pixels.nbytes)}"
        )
        return found

    def _remove_outdated(self, place: Path) -> None:
        """Remove the cache of the same folder in the same form, from before its files changed."""
        new = _read_contents(place / CONTENTS)
        for other in place.parent.iterdir():
            if (
                other != place
                and (old := _read_contents(other / CONTENTS))
                and new
                and _source_of(old) == _source_of(new)
            ):
                shutil.rmtree(other, ignore_errors=True)

    def _write_pixels(self, form: ImageFormat, stream: BinaryIO) -> dict[str, Any]:
        checksum, bad = 0, []
        for image in self._decode(form):
            if isinstance(image, BadFile):
                bad.append([image.name, image.reason])
            else:
                content = image.numpy().data
                checksum = crc32(content, checksum)
                stream.write(content)
        return {"shape": [len(self.files) - len(bad), *form.shape], "crc32": checksum, "bad": bad}

    def _decode_into_memory(self, form: ImageFormat, why: str) -> DecodedFolder:
        size = len(self.files) * prod(form.shape)
        if not fits_in_memory(size, CPU):
            raise CannotRun(
                f"{why}; and {len(self.files):,} images, {format_bytes(size)}, are too many to decode into memory, "
                f"which has {format_bytes(get_free_memory(CPU))} left"
            )
        self.note(f"{why}; the images are decoded into memory, and anew for the next run")
        pixels, bad = torch.empty((len(self.files), *form.shape), dtype=torch.uint8), list[BadFile]()
        for place, image in enumerate(self._decode(form)):
            if isinstance(image, BadFile):
                bad.append(image)
            else:
                pixels[place - len(bad)] = image
        return DecodedFolder(pixels[: len(self.files) - len(bad)], tuple(bad))

    def _decode(self, form: ImageFormat) -> Iterator[Tensor | BadFile]:
        """Yield the decoded images, and bad files by their paths below the folder."""
        paths = [self.folder / name for name in self.files]
        for name, image in zip(self.files, decode_images(paths, form, self.workers, self.note), strict=True):
            yield BadFile(name, image.reason) if isinstance(image, BadFile) else image


def _source_of(contents: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the folder of the contents, and the form of the pixels."""
    return contents.get("folder"), contents.get("resize"), contents.get("shape", [])[1:3]


def _size_and_time(path: Path) -> tuple[int, int]:
    """Return the size and the modification time of a file; zeros for a dangling link."""
    try:
        fact = path.stat()
    except OSError:
        return 0, 0
    return fact.st_size, fact.st_mtime_ns


def _read_contents(path: Path) -> Mapping[str, Any] | None:
    """Read contents.json: None where it is missing, empty where it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else {}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return {}


def _open_whole(path: Path, contents: Mapping[str, Any]) -> DecodedFolder | None:
    """Return the pixels if they match the contents."""
    try:
        if path.stat().st_size == prod(contents["shape"]) and _checksum(path) == contents["crc32"]:
            return _map_pixels(path, contents)
    except (OSError, KeyError, TypeError, ValueError):
        pass
    return None


def _map_pixels(path: Path, contents: Mapping[str, Any]) -> DecodedFolder:
    shape, bad = tuple(contents["shape"]), tuple(BadFile(*each) for each in contents["bad"])
    if not shape[0]:
        return DecodedFolder(torch.empty(shape, dtype=torch.uint8), bad)  # an empty file cannot be mapped
    return DecodedFolder(torch.from_numpy(np.memmap(path, np.uint8, "c", shape=shape)), bad)


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
