"""Write fields of protobuf's messages (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LENGTH_DELIMITED = 2
"""The kind of a field that says how many bytes it has."""


def write_varint(value: int) -> bytes:
    """Return a whole number from 0, 7 bits in each byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def write_bytes(field: int, content: bytes) -> bytes:
    """Return a field with bytes, which may be those of a message."""
    return write_varint(field << 3 | LENGTH_DELIMITED) + write_varint(len(content)) + content


def write_text(field: int, text: str) -> bytes:
    return write_bytes(field, text.encode())


def write_integers(field: int, values: Iterable[int]) -> bytes:
    """Return a packed field of whole numbers from 0."""
    return write_bytes(field, b"".join(map(write_varint, values)))


def write_floats(field: int, values: Any) -> bytes:
    """Return a packed field of numbers in single precision; `values` is a numpy array of any shape."""
    return write_bytes(field, values.astype("<f4").tobytes())
