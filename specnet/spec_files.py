"""The files of specs: their encodings and line ends, and the networks of the zoo by their bare names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from errno import EAGAIN, EINVAL, EISDIR
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from specnet.package import find_package_file
from specnet.suggest import find_closest_word
from specnet.syntax.limits import MAX_CHARACTERS

ENCODINGS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""The encodings by their byte order marks; a file without one is UTF-8."""


MOST_BYTES = 5 * MAX_CHARACTERS
"""Bytes of a file that are read: enough to see that it is too long, whatever its characters."""


LONGEST_BARE = 100
"""The longest bare name; file systems refuse much longer ones."""


@dataclass(frozen=True)
class TextForm:
    """How the text of a file is written down: the byte order mark, the encoding and the line ends."""

    mark: bytes = b""
    encoding: str = "utf-8"
    line_end: str = "\n"

    def encode(self, text: str) -> bytes:
        """Return a text, whatever its line ends, as a file of this form."""
        lines = text.replace("\r\n", "\n").replace("\n", self.line_end)
        return self.mark + lines.encode(self.encoding, "surrogateescape")


def read_beginning(stream: BinaryIO) -> bytes:
    """Read a file, or of one that is too long for a spec so many lines that this shows; raises OSError."""
    data: bytes | None = stream.read(MOST_BYTES)
    if data is None:
        raise BlockingIOError(EAGAIN, "it has nothing to read yet, and may never have")
    return data if len(data) < MOST_BYTES else data[: data.rfind(b"\n") + 1] or data


def open_file(path: Path) -> BinaryIO:
    """Open a file that a user names; raises OSError.

    Only a device or a pipe is waited for: some files of /proc look like regular ones, and never end.
    """
    if not path.is_file():
        return path.open("rb")
    return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")


def read_regular_file(path: Path) -> str:
    """Return the text of a spec; raises OSError, for devices and pipes too, which might never end."""
    mode = path.stat().st_mode
    if S_ISDIR(mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    if not S_ISREG(mode):
        raise OSError(EINVAL, "it is a device, a pipe or a socket", str(path))
    with open_file(path) as stream:
        return decode_spec(read_beginning(stream))


def find_block_file(path: str, folder: Path) -> Path:
    """Return the file of a path such as `blocks/basic.net` in a folder, or else in the zoo; it may not exist."""
    beside, of_zoo = folder / path, find_package_file("specs") / path
    is_within = not Path(path).is_absolute() and ".." not in Path(path).parts
    return of_zoo if is_within and not beside.exists() and of_zoo.is_file() else beside


def find_path_in_zoo(file: Path) -> Path | None:
    """Return the path of a file of the zoo within it, `blocks/basic.net`; None for other files."""
    zoo = find_package_file("specs")
    return file.relative_to(zoo) if file.is_relative_to(zoo) else None


def find_form(data: bytes) -> TextForm:
    """Return the form of a file; its first line shows the line ends, which are CR alone where there is no LF."""
    mark = next((mark for mark in ENCODINGS if data.startswith(mark)), b"")
    encoding = ENCODINGS.get(mark, "utf-8")
    first, has_end, _ = data[len(mark) :].decode(encoding, "replace").partition("\n")
    line_end = "\r\n" if first.endswith("\r") else "\n"
    return TextForm(mark, encoding, line_end if has_end else "\r" if "\r" in first else "\n")


def decode_spec(data: bytes) -> str:
    """Return the text of a file, line ends included; invalid bytes become U+FFFD, which the parser reports.

    The line ends of a file that has CR alone become LF.
    """
    form = find_form(data)
    text = data[len(form.mark) :].decode(form.encoding, "replace")
    return text.replace("\r", "\n") if form.line_end == "\r" else text


def find_in_zoo(name: str) -> Path | None:
    """Return the spec of the zoo that a bare name such as `alexnet` means, unless there is such a file here."""
    if not _is_bare(name) or Path(name).exists():
        return None
    path = find_package_file(f"specs/{name}.net")
    return path if path.is_file() else None


def suggest_file(name: str) -> str:
    """Return `; did you mean …?` with a spec of the same folder or of the zoo, or that the zoo is missing."""
    if _is_bare(name) and not find_package_file("specs").is_dir():
        return "; the published networks are not installed as files here"
    names = {path.stem: str(path) for path in Path(name).parent.glob("*.net")}
    if _is_bare(name):
        names |= {path.stem: path.stem for path in find_package_file("specs").glob("*.net")}
    meant = find_closest_word(Path(name).stem, names)
    return f"; did you mean {names[meant]}?" if meant else ""


def _is_bare(name: str) -> bool:
    return len(name) <= LONGEST_BARE and re.fullmatch(r"[\w.-]*\w", name) is not None
