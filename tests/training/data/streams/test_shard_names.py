"""Shards are named as in WebDataset, by patterns and by folders; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.training import DataProblem
from specnet.training.data.streams.shard_names import expand_braces, find_shards

EXPANDED = [
    ("a.tar", ["a.tar"]),
    ("a-{8..11}.tar", ["a-8.tar", "a-9.tar", "a-10.tar", "a-11.tar"]),
    ("a-{08..11}.tar", ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]),
    ("{a,b}-{0..1}", ["a-0", "a-1", "b-0", "b-1"]),
    ("https://x.org/{000..001}.tar", ["https://x.org/000.tar", "https://x.org/001.tar"]),
]


@pytest.mark.parametrize(("text", "names"), EXPANDED)
def test_braces_stand_for_names(text: str, names: list[str]) -> None:
    assert expand_braces(text) == names


@given(st.integers(0, 9999), st.integers(0, 50), st.integers(1, 6))
def test_a_range_has_numbers_of_as_many_digits(first: int, more: int, digits: int) -> None:
    names = expand_braces(f"{{{first:0{digits}}..{first + more}}}")
    assert [int(name) for name in names] == list(range(first, first + more + 1))
    assert all(len(name) >= digits for name in names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{5..1}.tar", r"runs backwards; write \{1\.\.5\}"),
        ("{x}.tar", "is neither a range"),
        ("{0..999999}.tar", "more than 100,000 shards"),
        ("{0..999}{0..999}.tar", "stands for 1,000,000 shards"),
    ],
)
def test_senseless_braces_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataProblem, match=message):
        expand_braces(text)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for name in ("t-2.tar", "t-10.tar", "u.tar", "notes.txt", "gz/t.tar.gz", "loose/1.jpg", "loose/1.cls", "empty/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "empty/x").unlink()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t-*.tar", ["t-2.tar", "t-10.tar"]),
        (".", ["t-2.tar", "t-10.tar", "u.tar"]),
        ("u.tar::t-{2,10}.tar", ["u.tar", "t-2.tar", "t-10.tar"]),
    ],
)
def test_shards_are_found_below_a_root(text: str, expected: list[str], shards: Path) -> None:
    assert [Path(name).name for name in find_shards(text, [shards])] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t-{2..4}.tar", r"2 of 3 shards are missing: t-3\.tar, t-4\.tar; looked below"),
        ("s3://b/{0..1}.tar", r"s3://b/0\.tar cannot be read: URLs are those of http and https, not of s3"),
        (
            "gz",
            r"the folder .*gz has no shard \(\.tar\), .* \(1 \.gz\); t\.tar\.gz is .* unpack it to t\.tar$",
        ),
        ("loose", r"it holds 2 files \(1 \.cls, 1 \.jpg\); the images of a folder are read by `data folder`"),
        ("empty", r"the folder .*empty has no shard \(\.tar\), no files are in it"),
        ("v.tar", r"there is no shard v\.tar; looked below"),
        ("t-*.tar::u.tar::t-2.tar", r"names .*t-2\.tar twice"),
    ],
)
def test_missing_shards_are_named(text: str, message: str, shards: Path) -> None:
    with pytest.raises(DataProblem, match=message):
        find_shards(text, [shards])
