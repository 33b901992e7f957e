"""Sizes in bytes as people write them: 24GB, 512 MiB, 2e9."""

from __future__ import annotations

import re

FP32, INT64 = 4, 8
"""The bytes of an element of a tensor."""

UNITS: dict[str, int] = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGT", 1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", 1)},
}
"""The bytes of each unit."""

DECIMAL, BINARY = ("TB", "GB", "MB", "kB"), ("TiB", "GiB", "MiB", "KiB")
"""The units in which sizes are shown, the largest first."""

LARGEST = 2**60
"""The largest size that is parsed, in bytes."""


def parse_bytes(text: str) -> int:
    """Return the bytes of a size such as 24GB, 1.5 GiB or 2000; raises ValueError."""
    found = re.fullmatch(rf"\s*([0-9]+(?:\.[0-9]+)?(?:e[0-9]{{1,2}})?)\s*({'|'.join(UNITS)})?\s*", text)
    if not found:
        raise ValueError(f"{text!r} is not a size in bytes, such as 24GB or 512MiB")
    size = float(found[1]) * UNITS[found[2] or "B"]
    if not 1 <= size <= LARGEST:
        raise ValueError(f"{text!r} is not a size between 1 byte and 1 EiB")
    return round(size)


class ByteSize(int):
    """A number of bytes that is written with a unit, as 24GB."""


def format_bytes(size: float) -> str:
    """Return a number of bytes in the largest binary unit of which there is one: 512 bytes, 1.5 MiB."""
    unit = next((unit for unit in BINARY if abs(size) >= UNITS[unit]), None)
    return f"{size / UNITS[unit]:,.1f} {unit}" if unit else f"{size:,.0f} byte{'' if size == 1 else 's'}"


def format_bytes_as(size: float, written: str) -> str:
    """Return a number of bytes to four digits, in units like those of a written size: 2.413 GB, 8 MiB."""
    units = BINARY if "iB" in written else DECIMAL
    unit = next((unit for unit in units if abs(size) >= UNITS[unit]), "B")
    return f"{size / UNITS[unit]:.4g} {unit}"
