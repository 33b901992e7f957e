"""Image folders are decoded once; what is kept of them is used while it is whole and the files are the same."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from small_sets import write_image

from specnet.settings.data import Folder
from specnet.training import CannotRun, DataProblem, files
from specnet.training.data import folder_cache
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load

PETS = Folder(path="pets")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for number in range(4):
        write_image(tmp_path / f"pets/dog/{number}.png", (200, number, 0))
        write_image(tmp_path / f"pets/cat/{number}.png", (0, number, 200))
    return tmp_path / "pets"


def read(pets: Path, setting: Folder = PETS, **how: Any) -> tuple[DataSet, list[str]]:
    """The set, and the notes that were made."""
    notes: list[str] = []
    return load(setting, None, DataRequest((8, 8, 3), pets.parent, notes.append, **how)), notes


def kept(pets: Path) -> list[Path]:
    return sorted((pets.parent / "cache/specnet/folders").glob("*"))


def same(one: DataSet, other: DataSet) -> bool:
    return one.train.pixels.equal(other.train.pixels) and one.train.labels.equal(other.train.labels)


@pytest.fixture
def no_decoding(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def decode(*arguments: object, **named: object) -> None:
        raise AssertionError("decoded again")

    yield monkeypatch.setattr(folder_cache, "decode_images", decode)


def test_what_is_kept_is_the_pixels(pets: Path) -> None:
    data, notes = read(pets)
    (place,) = kept(pets)
    assert (place / "pixels").read_bytes() == data.train.pixels.numpy().tobytes()
    assert sorted(path.name for path in place.iterdir()) == ["contents.json", "pixels"]
    assert notes == [f"decoded 8 images into {place}, 1.5 KiB"]


def test_it_is_read_without_decoding(pets: Path, request: pytest.FixtureRequest) -> None:
    first, _ = read(pets)
    request.getfixturevalue("no_decoding")
    again, notes = read(pets, workers=0)
    assert same(first, again)
    assert notes == [f"8 decoded images read from {kept(pets)[0]}, 1.5 KiB"]


def test_workers_change_nothing(pets: Path) -> None:
    first, _ = read(pets, workers=0)
    shutil.rmtree(kept(pets)[0])
    assert same(first, read(pets, workers=3)[0])


def test_a_moved_folder_is_the_same(pets: Path, no_decoding: None) -> None:
    with pytest.raises(AssertionError, match="decoded again"):
        read(pets)
    pets.rename(pets.with_name("animals"))
    with pytest.raises(AssertionError, match="decoded again"):
        read(pets, Folder(path="animals"))
    assert len(kept(pets)) == 1


def test_files_size_and_resize_make_another(pets: Path) -> None:
    read(pets)
    read(pets, Folder(path="pets", resize=(9, 9)))
    load(PETS, None, DataRequest((6, 6, 3), pets.parent, print))
    assert len(kept(pets)) == 3
    seen = set(kept(pets))
    os.utime(pets / "cat/0.png", ns=(1, 1))
    read(pets)
    (pets / "cat/0.png").rename(pets / "cat/5.png")
    read(pets)
    write_image(pets / "cat/5.png", (1, 2, 3))
    assert (read(pets)[0].train.pixels[3] == torch.tensor([1, 2, 3])).all()
    assert len(kept(pets)) == 3, "what is outdated is removed"
    assert len(seen & set(kept(pets))) == 2


DAMAGED_CONTENTS = {
    "a list": "[1, 2]",
    "nothing": "",
    "no text": "\xff",
    "deep brackets": "[" * 100_000,
    "an endless number": '{"shape": 1' + "0" * 10_000 + "}",
}

DAMAGED_FIELDS = {
    "shape": (None, "8", [8, 8, 3], [8.5, 8, 8, 3], [-8, -8, 8, 3], [2**70, 8, 8, 3], [16, 4, 8, 3], [[8], 8, 8, 3]),
    "crc32": (None, "0", 1, [0]),
    "source": (None, 1),
    "resize": ("8", [8], [8, "x"]),
    "asked": (1, [1, 2], {"low": 1}),
    "scale": (1, [1, 2], {"low": "a", "high": 2}),
    "bad": (None, [["cat/0.png", "why"]], {"cat/0.png": "why"}, {"0": 1}, {"0": "why"}, {"99": "why"}),
    "passed_over": (None, 1, ["a"], [0], [99], [-1]),
    "findings": (1, {}, {"smallest": [1], "largest": [2, 2], "changes": {}}),
}


@pytest.mark.parametrize("field", DAMAGED_FIELDS)
def test_a_damaged_field_of_the_contents_is_noticed(pets: Path, field: str) -> None:
    first, _ = read(pets)
    contents = kept(pets)[0] / "contents.json"
    whole = json.loads(contents.read_text())
    for value in DAMAGED_FIELDS[field]:
        contents.write_text(json.dumps({**whole, field: value}))
        again, notes = read(pets)
        assert same(first, again)
        assert "is damaged, and is made anew" in notes[0], value


@pytest.mark.parametrize("damage", DAMAGED_CONTENTS)
def test_damaged_contents_are_noticed(pets: Path, damage: str) -> None:
    first, _ = read(pets)
    (kept(pets)[0] / "contents.json").write_text(DAMAGED_CONTENTS[damage], encoding="latin1")
    again, notes = read(pets)
    assert same(first, again)
    assert "is damaged, and is made anew" in notes[0]


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "no contents", "half contents"])
def test_damage_is_noticed_and_mended(pets: Path, damage: str) -> None:
    first, _ = read(pets)
    pixels, contents = kept(pets)[0] / "pixels", kept(pets)[0] / "contents.json"
    match damage:
        case "cut":
            pixels.write_bytes(pixels.read_bytes()[:-1])
        case "changed":
            pixels.write_bytes(b"\x01" + pixels.read_bytes()[1:])
        case "gone":
            pixels.unlink()
        case "no contents":
            contents.unlink()
        case "half contents":
            contents.write_text(contents.read_text()[:30])
    again, notes = read(pets)
    assert same(first, again)
    assert notes[-1].startswith("decoded 8 images into")
    assert sum("is damaged, and is made anew" in note for note in notes) == (damage != "no contents")
    assert read(pets)[1][0].startswith("8 decoded images read from")


def test_an_interrupted_decoding_leaves_nothing_that_counts(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object, **named: object) -> Iterator[torch.Tensor]:
        yield torch.zeros(8, 8, 3, dtype=torch.uint8)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folder_cache, "decode_images", stop)
        with pytest.raises(KeyboardInterrupt):
            read(pets)
    assert list(kept(pets)[0].iterdir()) == []
    (kept(pets)[0] / ".pixels.tmp").write_bytes(b"left by a process that was killed")
    assert read(pets)[1][0].startswith("decoded 8 images into")
    assert sorted(path.name for path in kept(pets)[0].iterdir()) == ["contents.json", "pixels"]


def test_a_cache_that_cannot_be_written(pets: Path) -> None:
    first, _ = read(pets)
    shutil.rmtree(pets.parent / "cache")
    (pets.parent / "cache").write_text("a file is in the way")
    again, notes = read(pets)
    assert same(first, again)
    assert (
        "cannot be written: not a directory; the images are decoded into memory, and anew for the next run" in notes[0]
    )


def full(path: Path) -> Any:
    return shutil._ntuple_diskusage(100, 100, 1000)


def test_a_full_disk(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_cache.shutil, "disk_usage", full)
    data, notes = read(pets)
    assert len(data.train) == 8
    assert "1.5 KiB are needed, and the disk has 1,000 bytes left; the images are decoded into memory" in notes[0]


def test_a_disk_that_fills_up_meanwhile(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", sync)
    data, notes = read(pets)
    assert len(data.train) == 8
    assert "no space left on device; the images are decoded into memory" in notes[0]
    assert list(kept(pets)[0].iterdir()) == []


def test_too_large_for_the_disk_and_for_memory(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_cache.shutil, "disk_usage", full)
    monkeypatch.setattr("specnet.training.resources.get_free_memory", lambda place: 2000)
    with pytest.raises(CannotRun, match=r"8 images, 1\.5 KiB, are too many to decode into memory") as error:
        read(pets)
    assert error.value.exit_code == 2


def test_another_process_is_waited_for(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it makes nothing in the end, and is a thread: locks of one process exclude each other as well."""
    read(pets)
    place = kept(pets)[0]
    shutil.rmtree(place)
    place.mkdir()
    monkeypatch.setattr(folder_cache, "WAIT", 0.01)
    told = threading.Event()
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        told.set()

    reader = threading.Thread(target=lambda: load(PETS, None, DataRequest((8, 8, 3), pets.parent, note)))
    with files.lock_folder(place):
        reader.start()
        assert told.wait(30)
        assert "another process is decoding the same images" in notes[0]
        assert len(notes) == 1
    reader.join()
    assert notes[1].startswith("decoded 8 images into")


def test_bad_files_are_remembered(pets: Path, request: pytest.FixtureRequest) -> None:
    (pets / "cat/1.png").write_text("no picture")
    (pets / "dog/9.png").touch()
    with pytest.raises(DataProblem, match=r"2 of 9 files .*cat/1.png \(no image.*dog/9.png \(it is empty\)"):
        read(pets)
    assert not kept(pets), "their headers tell"
    read(pets, skip_bad=True)
    request.getfixturevalue("no_decoding")
    with pytest.raises(DataProblem, match="`skip_bad=True` leaves them out"):
        read(pets)
    data, notes = read(pets, skip_bad=True)
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert data.train.pixels[:, 4, 4, 1].tolist() == [0, 2, 3, 0, 1, 2, 3]
    assert notes[-1].startswith("2 of 9 files cannot be read: ")
    assert notes[-1].endswith("; left out")


def test_bad_files_are_left_out_in_memory_too(pets: Path) -> None:
    (pets / "cat/1.png").write_text("no picture")
    (pets.parent / "cache").write_text("a file is in the way")
    data, _ = read(pets, skip_bad=True)
    assert data.train.pixels[:, 4, 4, 1].tolist() == [0, 2, 3, 0, 1, 2, 3]


def test_a_class_without_one_good_file(pets: Path) -> None:
    for path in (pets / "cat").iterdir():
        path.write_text("no picture")
    with pytest.raises(DataProblem, match="the data needs images of at least two classes, and only dog has any"):
        read(pets, skip_bad=True)


def test_many_bad_files_are_counted(pets: Path) -> None:
    for path in pets.rglob("*.png"):
        path.write_text("no picture")
    with pytest.raises(DataProblem, match=r"8 of 8 files .*cat/3.png \([^)]*\), dog/0.png \([^)]*\) and 3 more; "):
        read(pets)


def test_what_does_not_suit_is_refused_before_anything_is_decoded(pets: Path, no_decoding: None) -> None:
    def refuse(classes: int, channels: int, explain: Callable[[], str], _: Callable[[], str]) -> None:
        raise DataProblem(f"{classes} classes, {channels} channels")

    with pytest.raises(DataProblem, match="2 classes, 3 channels"):
        read(pets, refuse=refuse)
