"""A file that announces or holds more than any published set is refused, before memory is taken for it."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_sets import read, write_cifar10, write_image, write_mnist, write_pickle

from specnet.settings.data import Cifar10, Folder, Mnist
from specnet.training import DataProblem
from specnet.training.data import download

LIMIT = 2**20
"""The largest file of these tests."""

BATCHES, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"

IMAGES = "mnist/train-images-idx3-ubyte"


@pytest.fixture(autouse=True)
def _small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "LARGEST_FILE", LIMIT)


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail where more than a few times the largest file is held at once."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * LIMIT, f"{peak:,} bytes"


def write_archive(folder: Path, add: Callable[[tarfile.TarFile], None]) -> None:
    """Write CIFAR-10's archive, with something before its files."""
    write_cifar10(folder / "unpacked" / BATCHES)
    with tarfile.open(folder / ARCHIVE, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        add(archive)
        archive.add(folder / "unpacked" / BATCHES, BATCHES)


def zeros(name: str, size: int = 40 * LIMIT) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        archive.addfile(member, io.BytesIO(bytes(size)))

    return add


def long_header(archive: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("small")
    member.pax_headers = {"comment": "a" * 40 * LIMIT}
    archive.addfile(member)


def a_link(archive: tarfile.TarFile) -> None:
    member = tarfile.TarInfo(f"{BATCHES}/data_batch_1")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive.addfile(member)


@pytest.mark.parametrize("add", [zeros("film.mp4"), zeros("data_batch_9"), a_link])
def test_other_entries_of_an_archive_are_passed_over(tmp_path: Path, add: Callable[[tarfile.TarFile], None]) -> None:
    write_archive(tmp_path, add)
    with little_memory():
        assert len(read(Cifar10(), tmp_path, (32, 32, 3)).train) == 20


@pytest.mark.parametrize("add", [zeros(f"{BATCHES}/data_batch_1"), long_header])
def test_an_archive_with_an_entry_that_is_too_large(tmp_path: Path, add: Callable[[tarfile.TarFile], None]) -> None:
    write_archive(tmp_path, add)
    with little_memory(), pytest.raises(DataProblem, match=r"it has more than 1\.0 MiB"):
        read(Cifar10(), tmp_path, (32, 32, 3))


def test_an_archive_with_too_many_entries(tmp_path: Path) -> None:
    def add(archive: tarfile.TarFile) -> None:
        for number in range(download.MOST_ENTRIES):
            archive.addfile(tarfile.TarInfo(f"{number}"))

    write_archive(tmp_path, add)
    with pytest.raises(DataProblem, match="incomplete"):
        read(Cifar10(), tmp_path, (32, 32, 3))


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    for content in (b"", b"no archive", gzip.compress(b"no archive"), gzip.compress(b"\0" * 10_240)):
        (tmp_path / ARCHIVE).write_bytes(content)
        with pytest.raises(DataProblem):
            read(Cifar10(), tmp_path, (32, 32, 3))


def test_a_gzipped_file_that_unpacks_to_too_much(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(bytes(40 * LIMIT)))
    with little_memory(), pytest.raises(DataProblem, match=r"train-images-idx3-ubyte\.gz .*it has more than 1\.0 MiB"):
        read(Mnist(), tmp_path, (28, 28, 1))


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist", packed=False)
    os.truncate(tmp_path / IMAGES, 40 * LIMIT)
    with little_memory(), pytest.raises(DataProblem, match=r"train-images-idx3-ubyte.*it has more than 1\.0 MiB"):
        read(Mnist(), tmp_path, (28, 28, 1))


@pytest.mark.parametrize("shape", [(20, 0, 28), (20, 28, 0), (20, 2**32 - 1, 0)])
def test_images_without_pixels(tmp_path: Path, shape: tuple[int, ...]) -> None:
    write_mnist(tmp_path / "mnist", packed=False)
    (tmp_path / IMAGES).write_bytes(b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in shape))
    with pytest.raises(DataProblem, match=f"its images are {shape[1]}×{shape[2]}"):
        read(Mnist(), tmp_path, (28, 28, 1))


def array_of(rows: int) -> bytes:
    """A pickle with an array that is announced, but not there; and as many labels."""
    content = {b"data": np.zeros((0, 3072), np.uint8), b"labels": list(range(4))}
    return pickle.dumps(content, 2).replace(b"K\x00M\x00\x0c\x86", b"J" + rows.to_bytes(4, "little") + b"M\x00\x0c\x86")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".",
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b".",
        b"\x80\x02Nr" + b"\xff" * 4 + b".",
        array_of(2**30),
        b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".",
    ],
    ids=["bytearray", "bytes", "memo", "array", "depth"],
)
def test_a_pickle_that_announces_too_much(tmp_path: Path, content: bytes) -> None:
    write_cifar10(tmp_path / BATCHES)
    (tmp_path / BATCHES / "data_batch_2").write_bytes(content)
    with little_memory(), pytest.raises(DataProblem, match="data_batch_2"):
        read(Cifar10(), tmp_path, (32, 32, 3))


def test_an_array_larger_than_a_file(tmp_path: Path) -> None:
    write_cifar10(tmp_path / BATCHES)
    rows = LIMIT // 3072 + 1
    write_pickle(tmp_path / BATCHES / "data_batch_2", {"data": np.zeros((rows, 3072), np.uint8), "labels": [0] * rows})
    with pytest.raises(DataProblem, match=r"data_batch_2.*it has more than 1\.0 MiB"):
        read(Cifar10(), tmp_path, (32, 32, 3))


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000)])
def test_an_image_too_narrow_to_cover_the_input(tmp_path: Path, size: tuple[int, int]) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "set" / name / "0.png", (1, 2, 3))
    Image.new("RGB", size).save(tmp_path / "set/a/long.png")
    with pytest.raises(DataProblem, match=r"a/long\.png \(an image of .* pixels is too narrow to cover 64×64"):
        read(Folder(path="set"), tmp_path, (64, 64, 3))
