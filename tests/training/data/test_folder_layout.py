"""Parts, classes and links of a folder of images, by the names of its folders and the content of its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from small_sets import write_image

from specnet.settings.data import Folder
from specnet.training import DataProblem
from specnet.training.data.folder_layout import order_classes
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "set"


def write(folder: Path, *places: str, images: int = 2) -> None:
    """Write images of different colours into folders."""
    for number, place in enumerate(places):
        for image in range(images):
            write_image(folder / place / f"{image}.png", (40 * number, 100 + image, 7))


def read(folder: Path, **how: Any) -> tuple[DataSet, list[str]]:
    """Return the set, and the notes without those on decoding."""
    notes: list[str] = []
    data = load(Folder(path=str(folder)), None, DataRequest((8, 8, 3), None, notes.append, **how))
    return data, [note for note in notes if "decoded" not in note]


def sizes(data: DataSet) -> dict[str, int]:
    return {name: len(part) for name, part in data.parts().items()}


# Parts


@pytest.mark.parametrize(
    ("train", "other", "part"),
    [
        ("train", "test", "test"),
        ("Train", "Test", "test"),
        ("TRAIN", "VAL", "validation"),
        ("training_set", "test_set", "test"),
        ("trainset", "testset", "test"),
        ("Training Images", "Testing Images", "test"),
        ("training", "testing", "test"),
        ("train2017", "val2017", "validation"),
        ("train", "Valid", "validation"),
        ("train", "dev", "validation"),
        ("train", "eval", "test"),
        ("train_data", "evaluation", "test"),
    ],
)
def test_parts_have_many_names(folder: Path, train: str, other: str, part: str) -> None:
    write(folder, f"{train}/cat", f"{train}/dog", f"{other}/cat")
    data, _ = read(folder)
    assert sizes(data) == {"train": 4, part: 2}
    assert data.classes == ("cat", "dog")


def test_an_evaluation_part_beside_a_test_part_is_for_validation(folder: Path) -> None:
    write(folder, "train/a", "train/b", "eval/a", "test/b", images=1)
    assert sizes(read(folder)[0]) == {"train": 2, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (["Train/a", "Train/b", "train/a", "train/b"], "two folders for the train part: Train, train"),
        (["train/a", "train/b", "val/a", "valid/a"], "two folders for the validation part: val, valid"),
        (["test/a", "test/b"], "has no training part, only test; .* to measure on a part, name its own folder: .*test"),
        (["test/a", "val/a"], "has no training part, only val, test"),
        (["train", "test"], "train needs a folder of images for each class, at least two; none is there"),
        (["first/cat", "first/dog", "second/cat", "second/dog"], "first and second .* hold the same folders .cat, dog"),
        (["x/cat", "x/dog", "y/cat", "y/dog", "y/eel", "z"], "x and y .* hold the same folders .cat, dog.*; call them"),
        (["train/x/cat", "train/x/dog", "train/y/dog", "train/y/cat", "test/x"], "x and y in .*train hold the same"),
        (["pets/cat", "pets/dog"], "at least two; only `pets` is there; is .*pets the set"),
        (["cat"], "at least two; only `cat` is there$"),
    ],
)
def test_parts_that_are_not_clear_are_refused(folder: Path, places: Sequence[str], message: str) -> None:
    write(folder, *places)
    with pytest.raises(DataProblem, match=message):
        read(folder)


@pytest.mark.parametrize(
    ("places", "classes"),
    [
        (["bus", "car", "train"], ("bus", "car", "train")),
        (["drive", "test", "stop"], ("drive", "stop", "test")),
        (["cat/images", "dog/images"], ("cat", "dog")),
        (["cat/indoor", "cat/outdoor", "dog/indoor"], ("cat", "dog")),
        (["cat/a", "cat/b", "cat", "dog/a", "dog/b"], ("cat", "dog")),
    ],
)
def test_folders_that_only_look_like_parts_are_classes(
    folder: Path, places: Sequence[str], classes: tuple[str, ...]
) -> None:
    write(folder, *places)
    assert read(folder)[0].classes == classes


def test_what_is_beside_parts_and_classes_is_passed_over_and_said(folder: Path) -> None:
    write(folder, "train/cat", "train/dog", "test/cat", "test/dog", "docs", "masks/cat", "val")
    for name in ("labels.csv", "train/labels.csv", "train/README", "train/extra.png", ".DS_Store"):
        (folder / name).write_text("no image")
    data, notes = read(folder)
    assert sizes(data) == {"train": 4, "test": 4}
    assert notes == [
        "val is passed over: it has no folder of images for each class",
        "passed over beside the parts: docs, masks",
        "passed over beside its folders: 1 file (1 .csv)",
        "passed over beside the folders of train: 3 files (1 .csv, 1 .png, 1 without an ending)",
    ]


# Files


@pytest.mark.parametrize("name", ["0.jfif", "0.JPG", "0", "0.dat", "0.png.txt"])
def test_an_image_is_known_by_its_content(folder: Path, name: str) -> None:
    write(folder, "a", "b")
    Image.new("RGB", (9, 9), (200, 0, 0)).save(folder / "a" / name, format="JPEG")
    assert sizes(read(folder)[0]) == {"train": 5}


def test_files_that_are_no_images_are_counted_by_their_endings(folder: Path) -> None:
    write(folder, "a", "b")
    for name in ("a/0.txt", "a/1.txt", "b/boxes.xml", "b/Thumbs.db", "b/.hidden", "b/film.mp4"):
        (folder / name).write_text("no image")
    os.mkfifo(folder / "b/pipe")
    for _ in range(2):  # decoded, and then read from the cache
        data, notes = read(folder)
        assert sizes(data) == {"train": 4}
        assert notes == [
            "passed over, as they are no images: 6 files (2 .txt, 1 .db, 1 .mp4, 1 .xml, 1 without an ending)"
        ]


# Links


def test_a_link_to_a_folder_elsewhere_is_followed_and_said(folder: Path, tmp_path: Path) -> None:
    write(folder, "cat", "dog")
    write(tmp_path / "elsewhere", "lions/old", "wolves", images=3)
    (folder / "cat/more").symlink_to(tmp_path / "elsewhere/lions")
    (folder / "wolf").symlink_to(tmp_path / "elsewhere/wolves")
    data, notes = read(folder)
    assert data.train.labels.bincount().tolist() == [5, 2, 3]
    assert notes == [
        f"cat/more is a link: images are read from {tmp_path}/elsewhere/lions",
        f"wolf is a link: images are read from {tmp_path}/elsewhere/wolves",
    ]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("train/cat/again", "train/cat"),
        ("train/cat/up", "train"),
        ("train/cat/root", "/"),
        ("train/cat/more", "test/cat"),
        ("train/cat/deep/more", "train/dog"),
        ("validation", "test"),
        ("test/eel", "train/cat"),
    ],
)
def test_a_link_to_images_of_the_set_itself_is_refused(folder: Path, link: str, target: str) -> None:
    """They would count twice, or be trained and tested on; and a loop would not end."""
    write(folder, "train/cat", "train/dog", "test/cat", "test/dog", "train/cat/deep")
    (folder / link).symlink_to(folder / target)
    with pytest.raises(DataProblem, match=f"{link} is a link to .*, and the set itself has images from there"):
        read(folder)


def test_two_links_to_the_same_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    write(folder, "cat", "dog")
    write(tmp_path, "lions/old")
    (folder / "cat/more").symlink_to(tmp_path / "lions")
    (folder / "dog/more").symlink_to(tmp_path / "lions/old")
    with pytest.raises(DataProblem, match=r"dog/more is a link to .*, and cat/more has images from there"):
        read(folder)


def test_a_link_to_an_image_elsewhere_is_followed_and_said(folder: Path, tmp_path: Path) -> None:
    write(folder, "train/cat", "train/dog")
    write(tmp_path, "lions")
    lions = sorted((tmp_path / "lions").iterdir())
    (folder / "train/cat/8.png").symlink_to(lions[0])
    data, notes = read(folder)
    assert (sizes(data), notes) == (
        {"train": 5},
        [f"an image is a link: train/cat/8.png, which is read from {lions[0]}"],
    )
    (folder / "train/cat/9.png").symlink_to(lions[1])
    data, notes = read(folder)
    assert sizes(data) == {"train": 6}
    assert notes == [f"2 images are links, such as train/cat/8.png, which is read from {lions[0]}"]
    (folder / "train/dog/lost.png").symlink_to("nowhere.png")
    with pytest.raises(DataProblem, match=r"1 of 7 files .*train/dog/lost\.png \(no such file"):
        read(folder)


@pytest.mark.parametrize("link", ["train/dog/7.png", "train/cat/7.png", "test/cat/7.png"])
@pytest.mark.parametrize("is_within", [True, False])
def test_a_link_to_an_image_that_is_read_already_is_refused(
    folder: Path, tmp_path: Path, link: str, is_within: bool
) -> None:
    write(folder, "train/cat", "train/dog", "test/cat", "test/dog")
    write(tmp_path, "elsewhere")
    target = next((folder / "train/cat" if is_within else tmp_path / "elsewhere").iterdir())
    if not is_within:
        (folder / "train/cat/6.png").symlink_to(target)
    (folder / link).symlink_to(target)
    with pytest.raises(DataProblem, match=f"{link} is a link to what .*train/cat/.*: the image would count twice"):
        read(folder)


def test_links_to_what_is_no_image_are_no_matter(folder: Path) -> None:
    write(folder, "cat", "dog")
    (folder / "labels.txt").write_text("none")
    for name in ("cat", "dog"):
        (folder / name / "labels.txt").symlink_to("../labels.txt")
    assert sizes(read(folder)[0]) == {"train": 4}


def test_hidden_files_and_folders_are_not_there(folder: Path) -> None:
    write(folder, "cat", "dog", ".git", "__MACOSX")
    (folder / "cat/._0.jpg").write_bytes(b"what another system keeps of a file")
    data, notes = read(folder)
    assert (data.classes, sizes(data), notes) == (("cat", "dog"), {"train": 4}, [])


# Classes


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        ([str(number) for number in range(12)], [str(number) for number in range(12)]),
        (["10", "-1", "0.5", "+2"], ["-1", "0.5", "+2", "10"]),
        (["03", "3", "1"], ["1", "03", "3"]),
        (["١٠", "٩"], ["٩", "١٠"]),
        (["10", "9", "other"], ["10", "9", "other"]),
        (["b", "A", "a"], ["A", "a", "b"]),
        (["1e3", "20", "²"], ["1e3", "20", "²"]),
        (["nan", "inf"], ["inf", "nan"]),
    ],
)
def test_classes_that_are_numbers_are_in_the_order_of_their_values(names: list[str], ordered: list[str]) -> None:
    assert list(order_classes(names)) == ordered


def test_the_labels_of_numbers_follow_their_values(folder: Path) -> None:
    write(folder, *map(str, range(12)), images=1)
    data, _ = read(folder)
    assert data.classes == tuple(map(str, range(12)))
    assert data.train.pixels[data.train.labels == 11][0, 0, 0, 1] == 100


@pytest.mark.parametrize("empty", [[], ["test/dog"]])
def test_a_part_that_lacks_a_class_is_measured_without(folder: Path, empty: list[str]) -> None:
    write(folder, "train/cat", "train/dog", "test/cat")
    for place in empty:
        (folder / place).mkdir()
    data, notes = read(folder)
    assert sizes(data) == {"train": 4, "test": 2}
    assert notes == ["the test part has no images of dog: it is measured without"]


def test_a_part_that_has_another_class_is_refused(folder: Path) -> None:
    write(folder, "train/cat", "train/dog", "test/cat", "test/dog", "test/eel", "test/hen")
    with pytest.raises(DataProblem, match="the test part has images of classes that the training part lacks: eel, hen"):
        read(folder)
    for image in folder.glob("test/[eh]*/*"):
        image.unlink()
    assert read(folder)[0].classes == ("cat", "dog"), "folders without images are no classes"


def test_classes_of_a_run_number_the_labels(folder: Path) -> None:
    write(folder, "2", "10")
    data, notes = read(folder, classes=("1", "10", "2"))
    assert data.train.labels.tolist() == [1, 1, 2, 2]
    assert notes == ["the data has no images of 1: it is measured without"]
    with pytest.raises(DataProblem, match="the data has images of classes that the run was not trained on: 10"):
        read(folder, classes=("1", "2"))


@pytest.mark.parametrize("content", [None, "notes.txt", "broken.png"])
def test_a_class_without_images_is_left_out_on_request(folder: Path, content: str | None) -> None:
    write(folder, "cat", "dog")
    (folder / "bee").mkdir()
    if content:
        (folder / "bee" / content).write_text("no image")
    with pytest.raises(DataProblem, match=r"`skip_bad=True` leaves (such classes|them) out"):
        read(folder)
    data, notes = read(folder, skip_bad=True)
    assert (data.classes, sizes(data)) == (("cat", "dog"), {"train": 4})
    assert "left out, as they have no images: bee" in notes


def test_one_class_with_images_is_not_enough(folder: Path) -> None:
    write(folder, "cat")
    (folder / "bee").mkdir()
    with pytest.raises(DataProblem, match="the data needs images of at least two classes, and only cat has any"):
        read(folder, skip_bad=True)


def test_a_name_composed_in_two_ways_is_one_class(folder: Path) -> None:
    write(folder, "train/\u00e9t\u00e9", "train/hiver", "test/e\u0301te\u0301")
    data, notes = read(folder)
    assert sizes(data) == {"train": 4, "test": 2}
    assert notes == ["the test part has no images of hiver: it is measured without"]
