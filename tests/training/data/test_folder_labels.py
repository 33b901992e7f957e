"""Folders whose classes are in the names of their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from small_sets import read, write_image

import specnet
from specnet.settings.data import Folder
from specnet.settings.split import Split
from specnet.training import DataProblem
from specnet.training.data.folder_labels import compile_label, read_labelled_layout

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize(
    ("label", "name", "found"),
    [
        ("{class}.*", "cat.105.jpg", "cat"),
        ("{class}.*", "train/cat.105.jpg", "cat"),
        ("{class}.*", "cat", None),
        ("{class}.*", ".jpg", None),
        ("{class}_*.png", "golden_retriever_12.png", "golden"),
        ("{class}_[0-9]*.png", "golden_retriever_12.png", "golden_retriever"),
        ("{class}_[!a-z]*.png", "golden_retriever_12.png", "golden_retriever"),
        ("{class}_*.png", "cat_1.jpg", None),
        ("*/{class}-*", "2019/cat-1.jpg", "cat"),
        ("*/{class}-*", "a/2019/cat-1.jpg", "cat"),
        ("*/{class}-*", "cat-1.jpg", None),
        ("{class}/*", "a/cat/1.jpg", "cat"),
        ("n??_{class}.jpg", "n01_cat.jpg", "cat"),
        ("n??_{class}.jpg", "n1_cat.jpg", None),
        ("({class})+.jpg", "(cat)+.jpg", "cat"),
        ("[{class}].jpg", "[cat].jpg", "cat"),
        ("{class}[^_]*", "cat^1.jpg", "cat"),
        ("{class}[&&|]*", "cat|1.jpg", "cat"),
        ("{class}[[:1]*", "cat:1.jpg", "cat"),
        ("{class}.*", "犬.1.jpg", "犬"),
    ],
)
def test_the_class_in_a_name(label: str, name: str, found: str | None) -> None:
    match = compile_label(label).fullmatch(name)
    assert (match and match["name"]) == found


@pytest.mark.parametrize("label", ["*.jpg", "", "{class}{class}", "{Class}.*"])
def test_a_pattern_says_once_where_the_class_is(label: str) -> None:
    with pytest.raises(ValidationError):
        Folder(path="pets", label=label)
    checked = specnet.check(f'input 8x8x3\nfc 2\ntrain {{\n  data folder "pets" label="{label}"\n}}\n')
    assert "{class} stands in it once" in checked.diagnostics[0].message


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("{class}*", "which * leaves open; {class}.* has a dot there"),
        ("./{class}.*", "which no slash or dot begins"),
        ("/pets/{class}.*", "which no slash or dot begins"),
    ],
)
def test_a_pattern_that_finds_no_class_says_why(label: str, message: str) -> None:
    checked = specnet.check(f'input 8x8x3\nfc 2\ntrain {{\n  data folder "pets" label="{label}"\n}}\n')
    assert message in checked.diagnostics[0].message


def test_files_beside_the_images_make_no_class(pets: Path) -> None:
    (pets / "train/notes.txt").write_text("of the photographer")
    (pets / "train/cat.notes.txt").write_text("of the photographer")
    layout = read_labelled_layout(pets / "train", "{class}.*")
    assert layout.classes["train"] == ("cat", "dog")
    assert "notes.txt" in layout.notes[0]
    data = read(Folder(path="pets/train", label="{class}.*"), pets.parent, (8, 8, 3))
    assert len(data.train) == 6


def test_a_set_of_characters_that_makes_no_sense(pets: Path) -> None:
    with pytest.raises(DataProblem, match="bad character range"):
        read_labelled_layout(pets, "{class}[z-a]")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Return a folder of red cats and blue dogs, with numbers that sort in another order as text."""
    for number in (1, 2, 10):
        write_image(tmp_path / f"pets/train/cat.{number}.jpg", RED)
        write_image(tmp_path / f"pets/train/dog.{number}.png", BLUE)
        write_image(tmp_path / f"pets/test/{number}.jpg", RED)
    return tmp_path / "pets"


def test_a_flat_folder(pets: Path) -> None:
    data = read(Folder(path="pets/train", label="{class}.*"), pets.parent, (8, 8, 3))
    assert data.classes == ("cat", "dog")
    assert list(data.parts()) == ["train"]
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.train.pixels[4, 4, 4].tolist() == list(BLUE)


def test_the_order_is_natural(pets: Path) -> None:
    names = [file.name for file in read_labelled_layout(pets / "train", "{class}.*").files]
    assert names == ["cat.1.jpg", "cat.2.jpg", "cat.10.jpg", "dog.1.png", "dog.2.png", "dog.10.png"]


def test_a_split_keeps_the_classes(pets: Path) -> None:
    data = read(Folder(path="pets/train", label="{class}.*"), pets.parent, (8, 8, 3), Split(validation=2))
    assert data.validation
    assert sorted(data.validation.labels.tolist()) == [0, 1]


def test_an_unlabelled_test_part_is_passed_over(pets: Path) -> None:
    for label in ("{class}.*", "{class}.[0-9]*.*"):  # which 1.jpg matches, as a class 1, and which it does not
        layout = read_labelled_layout(pets, label)
        assert list(layout.classes) == ["train"]
        assert layout.notes == ["test is passed over: its files are not named for the classes to train on"]


def test_a_labelled_test_part_is_read(pets: Path) -> None:
    write_image(pets / "test/dog.7.jpg", BLUE)
    layout = read_labelled_layout(pets, "{class}.[0-9]*.*")
    assert layout.classes == {"train": ("cat", "dog"), "test": ("dog",)}
    assert layout.notes == [
        'passed over, as they do not match label="{class}.[0-9]*.*": 3 files (3 .jpg): '
        "test/1.jpg, test/2.jpg, test/10.jpg"
    ]


def test_no_file_matches(pets: Path) -> None:
    with pytest.raises(DataProblem, match=r'no file in .*test matches label="{class}_\*"; the first of 3 is 1\.jpg'):
        read_labelled_layout(pets / "test", "{class}_*")
    (pets / "empty").mkdir()
    with pytest.raises(DataProblem, match=r"matches .*; it has no files"):
        read_labelled_layout(pets / "empty", "{class}_*")


def test_a_single_class_is_not_enough(pets: Path) -> None:
    with pytest.raises(DataProblem, match="at least two classes, and only cat has any"):
        read(Folder(path="pets/train", label="{class}.*.jpg"), pets.parent, (8, 8, 3))
