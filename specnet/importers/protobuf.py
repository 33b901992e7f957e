"""Read messages of protobuf without their schema: ONNX files and caffemodels, of which a few numbers are needed.

>>> message = Message(memoryview(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
>>> message.integer(1), message.text(2), message.integer(3, default=7)
(150, 'hi', 7)

A message is a row of fields, each a number and a value; and the value may be a message itself. Fields are
read when they are first asked for, and arrays stay where they are: of a file of gigabytes, only what is used is read.
See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from specnet.file_access import open_regular_file
from specnet.importers.errors import UnreadableModel

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SIZES = {FIXED64: 8, FIXED32: 4}

LONGEST_VARINT = 10
"""The bytes of a number of 64 bits, 7 in each."""

LARGE = 1 << 18
"""The bytes of a field that is not read on the way to the next one."""

MOST_FIELDS = 1_000_000
"""Of one message; a list of numbers that is not packed has as many fields."""


class Field(NamedTuple):
    """A field of a message: a number of at most 64 bits without a sign, or the bytes of anything else."""

    number: int
    value: int | memoryview


def map_file(path: Path) -> memoryview:
    """Return the content of a regular file, which is read where it is used; raises OSError."""
    with open_regular_file(path) as stream:
        if not path.stat().st_size:
            return memoryview(b"")
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def read_fields(data: memoryview) -> Iterator[Field]:
    """Yield the fields of a message; raises UnreadableModel where it breaks off, or is none."""
    at = count = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        count += 1
        if not number or count > MOST_FIELDS:
            raise UnreadableModel("the file is damaged: it has a field without a number" if not number else
                                  f"the file has a message of more than {MOST_FIELDS:,} fields")  # fmt: skip
        if wire == VARINT:
            value, at = _read_varint(data, at)
            yield Field(number, value)
            continue
        size, at = _read_varint(data, at) if wire == BYTES else (SIZES.get(wire, -1), at)
        if not 0 <= size <= len(data) - at:
            raise UnreadableModel(_explain(number, size, len(data) - at))
        yield Field(number, data[at : at + size])
        if size >= LARGE:
            _forget(data)
        at += size


def _forget(data: memoryview) -> None:
    """Let go of what a system has brought in of a file around the bytes that were read; it is there again if needed."""
    if isinstance(data.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.obj.madvise(mmap.MADV_DONTNEED)


def _explain(number: int, size: int, left: int) -> str:
    if size < 0:
        return f"the file is damaged: its field {number} is of no known kind"
    return f"the file is damaged or was cut off: its field {number} has {size:,} bytes, of which {left:,} are there"


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number from an offset on, lowest 7 bits first, and the offset behind it."""
    value = 0
    for place, byte in enumerate(data[at : at + LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value & (1 << 64) - 1, at + place + 1
    raise UnreadableModel("the file is damaged or was cut off within a number")


class Message:
    """The fields of a message by their numbers; a field that has other content than is asked for is passed over."""

    def __init__(self, data: memoryview) -> None:
        self.data = data

    @cached_property
    def _fields(self) -> dict[int, list[int | memoryview]]:
        fields = dict[int, list[int | memoryview]]()
        for field in read_fields(self.data):
            fields.setdefault(field.number, []).append(field.value)
        return fields

    def has(self, number: int) -> bool:
        return number in self._fields

    def integers(self, number: int) -> list[int]:
        """Return the numbers of a repeated field of integers with a sign, packed or not."""
        found = list[int]()
        for value in self._fields.get(number, ()):
            found.extend((value,) if isinstance(value, int) else _read_varints(value))
        return [value - (1 << 64) if value >> 63 else value for value in found]

    def integer(self, number: int, default: int = 0) -> int:
        """Return the number of a field, the last one where it occurs several times."""
        found = self.integers(number)
        return found[-1] if found else default

    def floats(self, number: int, size: int = 4) -> list[float]:
        """Return the numbers of a repeated field of `float`, or of `double` with a size of 8, packed or not."""
        joined = b"".join(self.parts(number))
        whole = len(joined) // size * size
        return [each for (each,) in struct.iter_unpack("<f" if size == 4 else "<d", joined[:whole])]

    def float(self, number: int, default: float = 0.0, size: int = 4) -> float:
        found = self.floats(number, size)
        return found[-1] if found else default

    def parts(self, number: int) -> list[memoryview]:
        """Return the bytes of a repeated field of bytes, texts, messages or packed numbers, as they lie in the file."""
        return [value for value in self._fields.get(number, ()) if isinstance(value, memoryview)]

    def texts(self, number: int) -> list[str]:
        return [str(part, "utf-8", "replace") for part in self.parts(number)]

    def text(self, number: int, default: str = "") -> str:
        found = self.texts(number)
        return found[-1] if found else default

    def messages(self, number: int) -> list[Message]:
        return [Message(part) for part in self.parts(number)]

    def message(self, number: int) -> Message:
        """Return the message of a field, the last one where there are several; an empty one where there is none."""
        found = self.parts(number)
        return Message(found[-1] if found else memoryview(b""))


def _read_varints(data: memoryview) -> list[int]:
    values, at = list[int](), 0
    while at < len(data):
        value, at = _read_varint(data, at)
        values.append(value)
        if len(values) > MOST_FIELDS:
            raise UnreadableModel(f"the file has a list of more than {MOST_FIELDS:,} numbers")
    return values
