"""A folder of class folders, with parts or without, of pictures of all sizes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_sets import read, write_image

from specnet.settings.data import Folder
from specnet.settings.split import Split
from specnet.training import DataProblem
from specnet.training.data.folder import read_folder
from specnet.training.data.images import DataRequest

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for part in ("train", "validation"):
        for number in range(4):
            write_image(tmp_path / f"pets/{part}/dog/{number}.png", RED, (10 + number, 20))
            write_image(tmp_path / f"pets/{part}/cat/{number}.jpg", BLUE, (20, 10 + number))
    return tmp_path / "pets"


def test_parts_and_classes(pets: Path) -> None:
    data = read(Folder(path="pets"), pets.parent, (8, 6, 3))
    assert data.classes == ("cat", "dog")
    assert data.train.pixels.shape == (8, 8, 6, 3)
    assert data.train.labels.tolist() == [0] * 4 + [1] * 4
    assert data.train.pixels[7, 4, 3].tolist() == list(RED)
    assert data.validation is not None
    assert data.test is None


def test_with_a_split_the_other_folder_is_the_test_set(pets: Path) -> None:
    data = read(Folder(path="pets"), pets.parent, (8, 6, 3), Split(validation=0.25))
    assert {name: len(part) for name, part in data.parts().items()} == {"train": 6, "validation": 2, "test": 8}


def test_without_parts_everything_is_to_train_on(pets: Path) -> None:
    data = read(Folder(path=str(pets / "train")), None, (8, 6, 3))
    assert list(data.parts()) == ["train"]


def test_the_middle_of_a_long_picture_is_kept(tmp_path: Path) -> None:
    stripes = np.zeros((10, 30, 3), np.uint8)
    stripes[:, 10:20] = 200
    for name in ("a", "b"):
        (tmp_path / "long" / name).mkdir(parents=True)
        Image.fromarray(stripes).save(tmp_path / "long" / name / "picture.png")
    assert (read(Folder(path="long"), tmp_path, (10, 10, 3)).train.pixels == 200).all()
    squeezed = read(Folder(path="long", resize=(10, 10)), tmp_path, (10, 10, 3)).train.pixels
    assert squeezed[0, 5, 0].tolist() == [0, 0, 0]
    assert squeezed[0, 5, 5].tolist() == [200, 200, 200]


def test_grey_pictures_have_one_channel(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "grey" / name / "picture.png", 77)
    assert read(Folder(path="grey"), tmp_path, (4, 4, 1)).train.pixels.shape == (2, 4, 4, 1)


def test_unreadable_pictures_are_counted_and_named(pets: Path) -> None:
    """Those whose header says so before anything is decoded, and then those that are found by decoding."""
    (pets / "train/cat/broken.jpg").write_bytes(b"no picture")
    half = pets / "train/dog/0.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 10, 3), np.uint8)).save(half)
    half.write_bytes(half.read_bytes()[:300])
    with pytest.raises(DataProblem, match=r"1 of 17 files cannot be read: train/cat/broken\.jpg \(no image.*; `skip"):
        read(Folder(path="pets"), pets.parent, (8, 6, 3))
    (pets / "train/cat/broken.jpg").unlink()
    with pytest.raises(DataProblem, match=r"1 of 16 files cannot be read: train/dog/0\.png \(.*truncated\); `skip"):
        read(Folder(path="pets"), pets.parent, (8, 6, 3))


def test_names_in_all_scripts(tmp_path: Path) -> None:
    for name in ("кот", "собака 🐕"):
        write_image(tmp_path / "動物" / name / "été.png", RED)
    data = read(Folder(path="動物"), tmp_path, (4, 4, 3))
    assert data.classes == ("кот", "собака 🐕")
    assert len(data.train) == 2


def write_without_text(folder: Path, name: str) -> Path:
    """A picture in a name that is not UTF-8."""
    path = folder / os.fsdecode(b"\xff") / name
    try:
        write_image(path, RED)
    except OSError:
        pytest.skip("the disk takes no names that are not UTF-8")
    return path


def test_a_picture_whose_name_is_no_text(pets: Path) -> None:
    write_without_text(pets / "train/cat", "0.png")
    write_without_text(pets / "train/cat", "1.png").write_text("no picture")
    with pytest.raises(DataProblem, match="1 of 18 files"):
        read(Folder(path="pets"), pets.parent, (8, 6, 3))


def test_a_class_whose_name_is_no_text(pets: Path) -> None:
    write_without_text(pets / "train", "0.png")
    with pytest.raises(DataProblem, match=r"the name of the folder .*\\udcff.* is not UTF-8"):
        read(Folder(path="pets"), pets.parent, (8, 6, 3))


@pytest.mark.parametrize("closed", ["train", "train/dog"])
def test_a_folder_that_may_not_be_read(pets: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    scan = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path) == pets / closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataProblem, match=f"pets/{closed} cannot be read: permission denied"):
        read(Folder(path="pets"), pets.parent, (8, 6, 3))


def test_one_class_only(pets: Path) -> None:
    hint = r"none is there; there are \d images beside, such as .*: where .* write label=\"{class}\.\*\""
    with pytest.raises(DataProblem, match=f"at least two; {hint}"):
        read(Folder(path="pets/train/cat"), pets.parent, (8, 6, 3))
    (pets / "train/cat/tabby").mkdir()
    with pytest.raises(DataProblem, match="at least two; only `tabby` is there"):
        read(Folder(path="pets/train/cat"), pets.parent, (8, 6, 3))


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="there is no folder nowhere; looked at"):
        read(Folder(path="nowhere"), tmp_path, (8, 6, 3))


def test_the_spec_says_another_number_of_classes(pets: Path) -> None:
    with pytest.raises(DataProblem, match="the spec says 3 classes, and the data has 2"):
        read(Folder(path="pets", classes=3), pets.parent, (8, 6, 3))


def test_the_images_that_have_colours_among_grey_ones_are_named(tmp_path: Path) -> None:
    for number in range(3):
        for name in ("a", "b"):
            write_image(tmp_path / "set" / name / f"{number}.png", 7)
    write_image(tmp_path / "set/b/1.png", (1, 2, 3))
    told: list[str] = []

    def refuse(classes: int, channels: int, explain: Callable[[], str], _: Callable[[], str]) -> None:
        told.append(f"{channels}: {explain()}")

    for _ in range(2):  # surveyed, and then read from the cache
        request = DataRequest((4, 4, 1), tmp_path, print, refuse=refuse)
        read_folder(Folder(path="set"), request)
    assert told == ["3: 1 of 6 images has colours, the others are grey: b/1.png"] * 2
    for number in range(3):
        for name in ("a", "b"):
            write_image(tmp_path / "set" / name / f"{number}.png", (1, 2, 3))
    read_folder(Folder(path="set"), request)
    assert told[-1] == "3: "
