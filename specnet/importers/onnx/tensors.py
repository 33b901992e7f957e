"""Tensors of ONNX files, which are read when their numbers are needed: in the file, or in one beside it."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specnet.file_access import describe_reason
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import StoredArray
from specnet.importers.protobuf import Message, map_file

if TYPE_CHECKING:
    from numpy import ndarray

MOST_AXES = 16


class ElementType(NamedTuple):
    """How elements of a type are stored: numpy's name for them, and the field of those that are not raw bytes."""

    dtype: str
    field: int = 5
    bits: int = 0

    @property
    def size(self) -> int:
        """The bits of an element."""
        return self.bits or int(self.dtype[1:]) * 8


TYPES = {
    1: ElementType("f4", 4),
    2: ElementType("u1"),
    3: ElementType("i1"),
    4: ElementType("u2"),
    5: ElementType("i2"),
    6: ElementType("i4"),
    7: ElementType("i8", 7),
    9: ElementType("b1"),
    10: ElementType("f2"),
    11: ElementType("f8", 10),
    12: ElementType("u4", 11),
    13: ElementType("u8", 11),
    16: ElementType("f4", 5, bits=16),  # bfloat16: the upper half of a float
    21: ElementType("u1", 5, bits=4),
    22: ElementType("i1", 5, bits=4),
}

BFLOAT16 = 16


def read_tensor(message: Message, folder: Path) -> StoredArray:
    """Return a tensor, whose shape alone is read; raises UnreadableModel for one that no file can hold."""
    name, shape = message.text(8), tuple(message.integers(1))
    if len(shape) > MOST_AXES or any(size < 0 for size in shape):
        raise UnreadableModel(f"the tensor `{name}` has a shape that none can have")
    return StoredArray(shape, _make_reader(message, folder, name, shape))


def _make_reader(message: Message, folder: Path, name: str, shape: tuple[int, ...]) -> Callable[[], ndarray]:
    def read() -> ndarray:
        kind = message.integer(2)
        if kind not in TYPES:
            raise UnreadableModel(f"the tensor `{name}` has elements of type {kind}, which is not read")
        if message.integer(14) == 1:
            return _decode(_read_beside(message, folder, name), kind, name, shape)
        if message.has(9):
            return _decode(message.parts(9)[-1], kind, name, shape)
        return _read_fields(message, kind, name, shape)

    return read


def _decode(data: memoryview, kind: int, name: str, shape: tuple[int, ...]) -> ndarray:
    """Return an array of raw bytes, lowest first; 4 bits are two a byte, the lower half first."""
    import numpy as np

    element = TYPES[kind]
    if len(data) * 8 < prod(shape) * element.size:
        wanted = -(-prod(shape) * element.size // 8)
        raise UnreadableModel(f"the tensor `{name}` is damaged: {len(data):,} bytes are there, of {wanted:,}")
    if element.bits == 4:
        return _unpack(np.frombuffer(data, "u1"), element.dtype == "i1")[: prod(shape)].reshape(shape)
    if kind == BFLOAT16:
        return (np.frombuffer(data, "<u2", prod(shape)).astype("<u4") << 16).view("<f4").reshape(shape)
    dtype = element.dtype if element.size == 8 else f"<{element.dtype}"
    return np.frombuffer(data, dtype, prod(shape)).reshape(shape)


def _unpack(pairs: ndarray, signed: bool) -> ndarray:
    import numpy as np

    halves = np.stack([pairs & 15, pairs >> 4], axis=1).reshape(-1)
    return (halves.astype("i1") ^ 8) - 8 if signed else halves


def _read_fields(message: Message, kind: int, name: str, shape: tuple[int, ...]) -> ndarray:
    """Return an array whose numbers are a field each; halves are the bits of 16 of a whole number."""
    import numpy as np

    element = TYPES[kind]
    if element.dtype.startswith("f") and element.field != 5:
        numbers = np.array(message.floats(element.field, 8 if kind == 11 else 4), element.dtype)
    else:
        integers = np.array(message.integers(element.field), "i8")
        if element.bits == 4:
            numbers = _unpack(integers.astype("u1"), element.dtype == "i1")[: prod(shape)]
        elif element.field == 5 and element.dtype.startswith("f"):
            bits = integers.astype("u2")
            numbers = bits.view("f2") if kind == 10 else (bits.astype("u4") << 16).view("f4")
        else:
            numbers = integers.astype(element.dtype)
    if numbers.size != prod(shape):
        raise UnreadableModel(f"the tensor `{name}` is damaged: {numbers.size:,} numbers are there, of {prod(shape):,}")
    return numbers.reshape(shape)


def _read_beside(message: Message, folder: Path, name: str) -> memoryview:
    """Return the bytes of a tensor in a file beside the model, which must lie in its folder or below."""
    place = {pair.text(1): pair.text(2) for pair in message.messages(13)}
    path = folder / place.get("location", "")
    if not place.get("location") or not path.resolve().is_relative_to(folder.resolve()):
        raise UnreadableModel(f"the tensor `{name}` is said to be in `{path}`, which is outside of the model's folder")
    start, length = _read_number(place.get("offset", "0"), name), _read_number(place.get("length", "-1"), name)
    try:
        data = map_file(path)
    except OSError as error:
        reason = describe_reason(error)
        raise UnreadableModel(f"the tensor `{name}` is in {path}, which cannot be read: {reason}") from None
    return data[start:] if length < 0 else data[start : start + length]


def _read_number(text: str, name: str) -> int:
    if text != "-1" and not (text.isdecimal() and len(text) < 20):
        raise UnreadableModel(f"the tensor `{name}` lies at a place in its file that is no number")
    return int(text)
