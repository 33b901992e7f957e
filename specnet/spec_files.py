"""The files of specs: their encodings and line ends, and the networks of the zoo by their bare names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from specnet.file_access import is_there, open_regular_file, read_part
from specnet.package import find_package_file
from specnet.records import Record
from specnet.suggest import find_closest_word
from specnet.syntax.limits import MAX_CHARACTERS

ENCODINGS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""The encodings by their byte order marks; a file without one is UTF-8."""


MOST_BYTES = 5 * MAX_CHARACTERS
"""Bytes of a file that are read: enough to see that it is too long, whatever its characters."""


class TextForm(Record):
    """How the text of a file is written down: the byte order mark, the encoding and the line ends, which may differ."""

    mark: bytes = b""
    encoding: str = "utf-8"
    line_end: str = "\n"
    is_mixed: bool = False

    def encode(self, text: str) -> bytes:
        """Return a text, whatever its line ends, as a file of this form, with one line end."""
        return self._write_down(text.replace("\r\n", "\n").replace("\n", self.line_end))

    def encode_edited(self, text: str) -> bytes:
        """Return an edited text of a file of this form, whose lines keep their ends if these differ."""
        return self._write_down(text) if self.is_mixed else self.encode(text)

    def _write_down(self, text: str) -> bytes:
        return self.mark + text.encode(self.encoding, "surrogateescape")


def read_beginning(stream: BinaryIO) -> bytes:
    """Read a file, or of one that is too long for a spec so many lines that this shows; raises OSError."""
    data = read_part(stream, MOST_BYTES)
    return data if len(data) < MOST_BYTES else data[: data.rfind(b"\n") + 1] or data


def open_file(path: Path) -> BinaryIO:
    """Open a file that a user names, of which only a device or a pipe is waited for; raises OSError."""
    return open_regular_file(path) if path.is_file() else path.open("rb")


def read_regular_file(path: Path) -> str:
    """Return the text of a spec; raises OSError, for devices and pipes too, which might never end."""
    with open_regular_file(path) as stream:
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
    """Return the form of a file; its line ends are those of most lines, and CR alone where there is no LF."""
    mark = next((mark for mark in ENCODINGS if data.startswith(mark)), b"")
    encoding = ENCODINGS.get(mark, "utf-8")
    text = data[len(mark) :].decode(encoding, "replace")
    ends, both = text.count("\n"), text.count("\r\n")
    if not ends:
        return TextForm(mark, encoding, "\r" if "\r" in text else "\n")
    return TextForm(mark, encoding, "\r\n" if 2 * both > ends else "\n", 0 < both < ends)


def decode_spec(data: bytes) -> str:
    """Return the text of a file, line ends included; invalid bytes become U+FFFD, which the parser reports.

    The line ends of a file that has CR alone become LF.
    """
    form = find_form(data)
    text = data[len(form.mark) :].decode(form.encoding, "replace")
    return text.replace("\r", "\n") if form.line_end == "\r" else text


def find_in_zoo(name: str) -> Path | None:
    """Return the spec of the zoo that a bare name such as `alexnet` means, unless there is such a file here."""
    if not _is_bare(name) or is_there(Path(name)):
        return None
    path = find_package_file(f"specs/{name}.net")
    return path if is_there(path) else None


def suggest_file(name: str) -> str:
    """Return `; did you mean …?` with a spec of the same folder or of the zoo, or that the zoo is missing.

    Of a link, return what it leads to, which is not there.
    """
    if Path(name).is_symlink():
        return f"; it is a link to {Path(name).readlink()}, which is not there"
    if _is_bare(name) and not find_package_file("specs").is_dir():
        return "; the published networks are not installed as files here"
    names = {path.stem: str(path) for path in Path(name).parent.glob("*.net") if is_there(path)}
    if _is_bare(name):
        names |= {path.stem: path.stem for path in find_package_file("specs").glob("*.net")}
    meant = find_closest_word(Path(name).stem, names)
    return f"; did you mean {names[meant]}?" if meant else ""


def _is_bare(name: str) -> bool:
    return re.fullmatch(r"[\w.-]*\w", name) is not None
