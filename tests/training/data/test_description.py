"""Before the first step, a run says what its images are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_sets import write_image, write_mnist

from specnet.settings.data import Data, Digits, Folder, Mnist, Synthetic
from specnet.training.data.description import describe_data
from specnet.training.data.images import DataRequest, DataSet, Images
from specnet.training.data.loading import load


def describe(data: Data, shape: tuple[int, int, int], data_dir: Path | None = None) -> list[str]:
    return list(describe_data(load(data, None, DataRequest(shape, data_dir, lambda text: None))))


def test_a_set_that_is_published(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist", train=25)
    assert describe(Mnist(), (32, 32, 1), tmp_path) == [
        "25 train, 10 test images of 10 classes: 0, 1, 2 … 8, 9",
        "train: 2 of 5 to 3 of 0; test: 1 of each class",
        "found 28×28×1; changed on the way: 35 fitted to 32×32",
    ]


@pytest.mark.parametrize("data", [Digits(), Synthetic(images=20)])
def test_a_set_that_is_as_the_network_reads_it(data: Data) -> None:
    assert describe(data, (8, 8, 1))[2] == "found 8×8×1; changed on the way: none"


def test_what_is_changed_in_image_files(tmp_path: Path) -> None:
    write_image(tmp_path / "set/a/grey.png", 7, (8, 8))
    write_image(tmp_path / "set/a/colour.png", (1, 2, 3), (30, 20))
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(tmp_path / "set/a/clear.png")
    Image.new("CMYK", (8, 8)).save(tmp_path / "set/a/print.jpg")
    (tmp_path / "set/b").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 6)).save(tmp_path / "set/b/turned.jpg", exif=exif)
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "set/b/moving.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "set/b/deep.ppm").write_bytes(b"P6 8 8 65535\n" + bytes(8 * 8 * 6))
    Image.fromarray(np.array([[300, 400]] * 8, np.uint16)).save(tmp_path / "set/b/deep.png")
    expected = [
        "8 train images of 2 classes: a, b",
        "train: 4 of each class",
        "found 8×2 to 20×30×3; changed on the way: 3 fitted to 8×8, 2 made colour from grey, "
        "1 brought from 16 bits to 8, 1 changed from print colours to RGB, 1 cut from 16-bit colour to 8, "
        "1 put on white, 1 reduced to the first frame, 1 turned upright",
        "grey of 16 bits is brought to 8 in 1 of 8 images: 300 becomes 0, and 400 becomes 255",
    ]
    for _ in range(2):  # decoded, and then read from the cache
        assert describe(Folder(path="set"), (8, 8, 3), tmp_path) == expected


@pytest.mark.parametrize(
    ("classes", "listed"),
    [(2, "0, 1"), (6, "0, 1, 2, 3, 4, 5"), (7, "0, 1, 2 … 5, 6"), (1000, "0, 1, 2 … 998, 999")],
)
def test_the_first_and_the_last_of_many_classes_are_named(classes: int, listed: str) -> None:
    labels = torch.arange(classes)
    data = DataSet(tuple(map(str, range(classes))), Images(torch.zeros(classes, 1, 1, 1, dtype=torch.uint8), labels))
    assert next(describe_data(data)).endswith(f"{classes:,} classes: {listed}")


def test_a_part_without_a_class(tmp_path: Path) -> None:
    for place in ("train/a", "train/b", "test/b"):
        write_image(tmp_path / "set" / place / "0.png", 3)
    assert describe(Folder(path="set"), (4, 4, 1), tmp_path)[1] == "train: 1 of each class; test: 0 of a to 1 of b"


PIXELS = torch.zeros(4, 2, 2, 1, dtype=torch.uint8)


def test_images_of_several_classes() -> None:
    shown = torch.tensor([[1, 0, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]], dtype=torch.uint8)
    lines = list(describe_data(DataSet(("cat", "dog", "owl"), Images(PIXELS, shown))))
    assert lines[1] == "train: 1 of dog to 3 of cat; 1.25 classes an image, 1 image without any"


def test_images_with_numbers() -> None:
    numbers = torch.tensor([[-45.0, 3.0], [10.0, 5.0], [45.0, 61.5], [0.0, 4.0]])
    lines = list(describe_data(DataSet(("angle", "x"), Images(PIXELS, numbers)), "number"))
    assert lines == ["4 train images of 2 numbers: angle, x", "train: angle from -45 to 45, x from 3 to 61.5"]


def test_images_with_many_numbers() -> None:
    lines = list(describe_data(DataSet(tuple("abcdefg"), Images(PIXELS, torch.zeros(4, 7))), "number"))
    assert lines[1] == "train: a from 0 to 0, b from 0 to 0, c from 0 to 0, and 4 more"
