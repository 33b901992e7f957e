"""The decoded pictures of a folder, in the user's cache: decoded once, read from there as long as no file changes.

`folders/KEY/pixels` are the pictures one after the other, uint8 H×W×C each, and `contents.json` says how many, which
files could not be read, and the checksum. The key is made of all that the pixels depend on.
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
from specnet.training import lock
from specnet.training.capacity import free
from specnet.training.data.decoding import Bad, decode
from specnet.training.data.find import cache
from specnet.training.data.pictures import Form
from specnet.training.data.residence import CPU, fits
from specnet.training.errors import CannotRun
from specnet.training.files import write
from specnet.training.space import shown

FORMAT = 1
"""Goes into the key, and changes whenever the same files are to give other pixels."""

PIXELS, CONTENTS = "pixels", "contents.json"

CHUNK = 2**24
"""Bytes that are read at once for the checksum."""

MARGIN = 2**24
"""Bytes of the disk that are left free."""

WAIT = 0.5
"""Seconds between two looks whether another process has decoded the pictures."""


@dataclass(frozen=True)
class Decoded:
    """Pictures in the order of their files, but for the bad ones: uint8 N×H×W×C, `pixels` a mapped file or memory."""

    pixels: Tensor
    bad: tuple[Bad, ...]

    @property
    def channels(self) -> int:
        return self.pixels.shape[3]


@dataclass(frozen=True)
class FolderCache:
    """What is kept of the files below a folder, whose paths are relative to it."""

    folder: Path
    files: Sequence[str]
    size: tuple[int, int]
    resize: tuple[int, int] | None
    workers: int
    note: Callable[[str], None]

    def find(self) -> Decoded | None:
        """What is there and whole."""
        place = self._place()
        if (contents := _contents(place / CONTENTS)) is None:
            return None
        if (found := _mapped(place / PIXELS, contents)) is None:
            self.note(f"what is kept in {_shown(place)} is damaged, and is made anew")
            return None
        self.note(f"{len(found.pixels):,} decoded images are read from {_shown(place)}, {shown(found.pixels.nbytes)}")
        return found

    def make(self, channels: int) -> Decoded:
        """Decode, and keep it where that is possible; raises CannotRun where it fits neither on the disk nor in memory.

        Where another process is just making the same, its work is waited for.
        """
        form, place = Form(self.size, channels, self.resize), self._place()
        try:
            place.mkdir(parents=True, exist_ok=True)
            with self._alone(place) as has_waited:
                found = self.find() if has_waited else None
                return found or self._write(form, place)
        except (OSError, CannotRun) as error:
            return self._in_memory(form, f"{_shown(place)} cannot be written: {_why(error)}")

    def _place(self) -> Path:
        """The folder that is named by the key."""
        known = [(name, *_fact(self.folder / name)) for name in self.files]
        key = sha256(json.dumps([FORMAT, self.size, self.resize, known]).encode())
        return cache() / "folders" / key.hexdigest()[:16]

    @contextmanager
    def _alone(self, place: Path) -> Iterator[bool]:
        """Within it, no other process writes there; it tells whether one did. Raises CannotRun where nobody can."""
        has_waited = False
        while lock.is_held(place):
            if not has_waited:
                self.note(f"another process is decoding the same images into {_shown(place)}; waiting for it")
            has_waited = True
            time.sleep(WAIT)
        with lock.held(place):
            yield has_waited

    def _write(self, form: Form, place: Path) -> Decoded:
        """The pixels into a temporary file that is renamed, then the contents: these make it whole."""
        needed, room = len(self.files) * prod(form.shape), shutil.disk_usage(place).free
        if room < needed + MARGIN:
            raise CannotRun(f"{shown(needed)} are needed, and the disk has {shown(room)} left")
        with open_atomically(place / PIXELS) as stream:
            contents = self._write_pixels(form, stream)
        contents |= {"folder": str(self.folder.absolute()), "resize": self.resize}
        write(place / CONTENTS, json.dumps(contents))  # in ASCII, as names need not be UTF-8
        self._remove_outdated(place)
        found = _opened(place / PIXELS, contents)
        self.note(f"decoded {len(found.pixels):,} images into {_shown(place)}, {shown(found.pixels.nbytes)}")
        return found

    def _remove_outdated(self, place: Path) -> None:
        """What is kept of the same folder in the same form, from before its files changed."""
        new = _contents(place / CONTENTS)
        for other in place.parent.iterdir():
            if other != place and (old := _contents(other / CONTENTS)) and new and _of(old) == _of(new):
                shutil.rmtree(other, ignore_errors=True)

    def _write_pixels(self, form: Form, stream: BinaryIO) -> dict[str, Any]:
        checksum, bad = 0, []
        for image in self._decode(form):
            if isinstance(image, Bad):
                bad.append([image.name, image.why])
            else:
                content = image.numpy().data
                checksum = crc32(content, checksum)
                stream.write(content)
        return {"shape": [len(self.files) - len(bad), *form.shape], "crc32": checksum, "bad": bad}

    def _in_memory(self, form: Form, why: str) -> Decoded:
        size = len(self.files) * prod(form.shape)
        if not fits(size, CPU):
            raise CannotRun(
                f"{why}; and {len(self.files):,} images, {shown(size)}, are too many to decode into memory, "
                f"which has {shown(free(CPU))} left"
            )
        self.note(f"{why}; the images are decoded into memory, and anew for the next run")
        pixels, bad = torch.empty((len(self.files), *form.shape), dtype=torch.uint8), list[Bad]()
        for place, image in enumerate(self._decode(form)):
            if isinstance(image, Bad):
                bad.append(image)
            else:
                pixels[place - len(bad)] = image
        return Decoded(pixels[: len(self.files) - len(bad)], tuple(bad))

    def _decode(self, form: Form) -> Iterator[Tensor | Bad]:
        """Bad files by their names below the folder."""
        paths = [self.folder / name for name in self.files]
        for name, image in zip(self.files, decode(paths, form, self.workers, self.note), strict=True):
            yield Bad(name, image.why) if isinstance(image, Bad) else image


def _of(contents: Mapping[str, Any]) -> tuple[Any, ...]:
    """The folder that contents are of, and the form of the pixels."""
    return contents.get("folder"), contents.get("resize"), contents.get("shape", [])[1:3]


def _fact(path: Path) -> tuple[int, int]:
    """Size and time of change of a file; of a link that leads nowhere, none."""
    try:
        fact = path.stat()
    except OSError:
        return 0, 0
    return fact.st_size, fact.st_mtime_ns


def _contents(path: Path) -> Mapping[str, Any] | None:
    """What contents.json says, None where there is none; a damaged one says nothing."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else {}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return {}


def _mapped(path: Path, contents: Mapping[str, Any]) -> Decoded | None:
    """The pixels, if they are what the contents say."""
    try:
        if path.stat().st_size == prod(contents["shape"]) and _checksum(path) == contents["crc32"]:
            return _opened(path, contents)
    except (OSError, KeyError, TypeError, ValueError):
        pass
    return None


def _opened(path: Path, contents: Mapping[str, Any]) -> Decoded:
    shape, bad = tuple(contents["shape"]), tuple(Bad(*each) for each in contents["bad"])
    if not shape[0]:
        return Decoded(torch.empty(shape, dtype=torch.uint8), bad)  # an empty file cannot be mapped
    return Decoded(torch.from_numpy(np.memmap(path, np.uint8, "c", shape=shape)), bad)


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            checksum = crc32(chunk, checksum)
    return checksum


def _why(error: Exception) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)


def _shown(path: Path) -> str:
    """A path, from the user's home if it lies there."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)
