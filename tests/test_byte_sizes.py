"""Sizes in bytes, read and written."""

from __future__ import annotations

import pytest

from specnet.byte_sizes import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [("24GB", 24 * 10**9), (" 1.5 GiB ", 3 * 2**29), ("2000", 2000), ("2e9", 2 * 10**9), ("512kB", 512_000), ("1B", 1)],
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "24 gigs", "24gb", "0MB", "1e99", "9999999TiB", "nan", "1_000MB"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1536, "1.5 KiB"),
        (10**9, "953.7 MiB"),
        (2**50, "1,024.0 TiB"),
    ],
)
def test_a_size_is_written(size: int, text: str) -> None:
    assert format_bytes(size) == text
