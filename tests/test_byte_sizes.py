"""Sizes in bytes, read and written."""

from __future__ import annotations

import pytest

from specnet.byte_sizes import format_bytes, format_bytes_as, parse_bytes


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


@pytest.mark.parametrize(
    ("size", "written", "text"),
    [
        (2_412_345_678, "2GB", "2.412 GB"),
        (2 * 10**9, "1TB", "2 GB"),
        (2**31, "2GiB", "2 GiB"),
        (2**31, "3MB", "2.147 GB"),
        (999, "2GB", "999 B"),
    ],
)
def test_a_size_is_written_in_units_like_those_of_another(size: int, written: str, text: str) -> None:
    assert format_bytes_as(size, written) == text
