"""Data that a program hands over: Datasets of torch and pairs of arrays, as the trainer reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from specnet.settings.data import Python
from specnet.training import CannotRun, DataProblem, GivenData
from specnet.training.data.digest import compute_digest
from specnet.training.data.given import require_data
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load

SHAPE = (6, 5, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (8, *SHAPE), dtype=np.uint8)
LABELS = np.arange(8) % 2
FLOATS = np.random.default_rng(1).normal(size=(8, *SHAPE)).astype(np.float32)


class Items(Dataset[Any]):
    """A Dataset of given items."""

    def __init__(self, *items: object, classes: list[str] | None = None) -> None:
        self.items = items
        if classes:
            self.classes = classes

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> Any:
        return self.items[place]


def make_items(form: Callable[[np.ndarray], object]) -> Items:
    return Items(*((form(image), int(label)) for image, label in zip(IMAGES, LABELS, strict=True)))


def read(data: object, notes: list[str] | None = None, shape: tuple[int, int, int] = SHAPE, **parts: object) -> DataSet:
    request = DataRequest(shape, None, (notes if notes is not None else []).append, given=GivenData(data, **parts))
    return load(Python(), None, request)


FORMS: dict[str, object] = {
    "PIL": make_items(Image.fromarray),
    "arrays": make_items(lambda image: image),
    "tensors, as ToTensor makes": make_items(lambda image: torch.from_numpy(image).permute(2, 0, 1) / 255),
    "tensors of bytes": make_items(lambda image: torch.from_numpy(image).permute(2, 0, 1)),
    "tensors H×W×C": make_items(torch.from_numpy),
    "floats of 0..255": make_items(lambda image: image.astype(np.float64)),
    "a pair of arrays": (IMAGES, LABELS),
    "a pair of tensors": (torch.from_numpy(IMAGES).permute(0, 3, 1, 2), torch.from_numpy(LABELS)),
    "a list of two": [IMAGES, LABELS.tolist()],
    "TensorDataset": TensorDataset(torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255, torch.from_numpy(LABELS)),
    "a list of pairs": [(image, label) for image, label in zip(IMAGES, LABELS, strict=True)],
}


@pytest.mark.parametrize("form", FORMS)
def test_images_become_bytes(form: str) -> None:
    data = read(FORMS[form])
    assert data.has_bytes
    assert data.train.pixels[:].equal(torch.from_numpy(IMAGES))
    assert data.train.labels.tolist() == LABELS.tolist()
    assert data.classes == ("0", "1")


@pytest.mark.parametrize("data", [(FLOATS, LABELS), Items(*zip(FLOATS, LABELS, strict=True))])
def test_other_numbers_stay_floats(data: object) -> None:
    found = read(data)
    assert not found.has_bytes
    assert found.train.pixels[:].equal(torch.from_numpy(FLOATS))


def test_grey_images_and_pictures_of_several_sizes() -> None:
    grey = read(
        Items(*((Image.fromarray(image[..., 0]), 0) for image in IMAGES[:1]), (np.zeros((9, 9)), 1)), shape=(6, 5, 1)
    )
    assert grey.train.pixels.shape == (2, 6, 5, 1)
    assert grey.findings and (grey.findings.smallest, grey.findings.largest) == ((6, 5), (9, 9))
    colour = read(Items((Image.fromarray(IMAGES[0, ..., 0]), 0), (Image.fromarray(IMAGES[1]), 1)))
    assert colour.train.pixels[0].float().std(2).max() == 0


def test_chance_that_spares_the_first_image_is_warned_of() -> None:
    class Flipped(Items):
        reads = 0

        def __getitem__(self, place: int) -> Any:
            self.reads += 1
            image, label = self.items[place]
            return image[:, ::-1] if self.reads == 6 else image, label

    notes: list[str] = []
    read(Flipped(*zip(IMAGES, LABELS, strict=True)), notes)
    assert [note for note in notes if note.startswith("warning: `data[2]` differs each time it is read")] == notes


def test_names_of_classes() -> None:
    named = Items((IMAGES[0], 1), (IMAGES[1], 0), classes=["cat", "dog", "emu"])
    assert read(named).classes == ("cat", "dog", "emu")
    assert read(Subset(named, [0])).classes == ("cat", "dog", "emu")
    texts = Items((IMAGES[0], "emu"), (IMAGES[1], "cat"))
    assert read(texts).classes == ("cat", "emu")
    assert read(texts).train.labels.tolist() == [1, 0]


def test_parts() -> None:
    data = read((IMAGES, LABELS), validation=(IMAGES[:3], LABELS[:3]), test=make_items(lambda image: image))
    assert {name: len(part) for name, part in data.parts().items()} == {"train": 8, "validation": 3, "test": 8}


def test_each_image_is_read_once_and_chance_is_warned_of() -> None:
    class Random(Items):
        reads = 0

        def __getitem__(self, place: int) -> Any:
            self.reads += 1
            image, label = self.items[place]
            return np.roll(image, self.reads, 0), label

    notes: list[str] = []
    data = Random(*zip(IMAGES, LABELS, strict=True))
    read(data, notes)
    assert data.reads == len(data) + 2
    assert notes == [
        "warning: `data[0]` differs each time it is read; each image is read once, so that random changes belong in "
        "the spec, in a line such as `augment flip horizontal`"
    ]
    quiet: list[str] = []
    read(make_items(lambda image: image), quiet)
    assert not quiet


class Broken(Items):
    def __getitem__(self, place: int) -> Any:
        if place == 3:
            raise KeyError("lost.png")
        return super().__getitem__(place)


NAN = FLOATS.copy()
NAN[5, 0, 0, 0] = np.inf


class Odd(Items):
    """A Dataset whose `classes` or length cannot be had."""

    def __init__(self, length: Any, classes: object = None) -> None:
        super().__init__((IMAGES[0], 0), (IMAGES[1], 1))
        self.length, self.found = length, classes

    def __len__(self) -> Any:
        return self.length

    @property
    def classes(self) -> object:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


CLOSED = Image.fromarray(IMAGES[0])
CLOSED.close()

REFUSED: dict[str, tuple[object, str]] = {
    "nothing": (Items(), "`data` has no images"),
    "an item that raises": (Broken(*zip(IMAGES, LABELS, strict=True)), r"`data\[3\]` raised KeyError: 'lost.png'"),
    "three values": (Items((IMAGES[0], 1, 2)), r"`data\[0\]` is an image and its target, not 3 values"),
    "an image alone": (Items(IMAGES[0]), r"`data\[0\]` is an image and its target, not an object of the class ndarray"),
    "a dictionary": (Items({"image": IMAGES[0]}), r"`data\[0\]` is an image and its target, not {"),
    "a text as the image": (
        Items(("0.png", 1)),
        r"the image of `data\[0\]` is a single value of <U5, and not numbers H×W×C or C×H×W",
    ),
    "no target": (Items((IMAGES[0], None)), r"the target of `data\[0\]` is an array of numbers or texts, not None"),
    "NaN in an item": (
        Items(*zip(NAN, LABELS, strict=True)),
        "`data` has numbers that are not finite, first in image 5",
    ),
    "lengths": ((IMAGES, LABELS[:3]), "`data` has another number of images than of targets: 8 and 3"),
    "ragged targets": (
        Items((IMAGES[0], [1, 2]), (IMAGES[1], [1])),
        r"the target of `data\[0\]` is 2, that of `data\[1\]` 1",
    ),
    "ragged images": (([IMAGES[0], IMAGES[1, :3]], [0, 1]), r"`data\[0\]` is an array of numbers or texts, not"),
    "another number of channels": (
        Items((IMAGES[0], 0), (IMAGES[1], 1), (IMAGES[2, ..., :1], 0)),
        "`data` has images of 3 channels and of 1, first image 2",
    ),
    "a sparse tensor": (
        Items((torch.zeros(6, 5).to_sparse(), 0)),
        r"the image of `data\[0\]` cannot be read as an array: can't convert Sparse",
    ),
    "a meta tensor": (
        Items((torch.zeros(6, 5, device="meta"), 0)),
        r"the image of `data\[0\]` cannot be read as an array: Cannot copy out of meta tensor",
    ),
    "a closed picture": (Items((CLOSED, 0)), r"`data\[0\]` cannot be read as an image: Operation on closed image"),
    "a negative length": (Odd(-1), r"`len\(data\)` raised ValueError"),
    "half a length": (Odd(1.5), r"`len\(data\)` raised TypeError"),
    "classes that raise": (Odd(2, OSError("no disk")), "`classes` of the data raised OSError: no disk"),
    "one name for two classes": (
        Items((IMAGES[0], 0), (IMAGES[1], 0), classes=["only"]),
        "at least two classes are needed, and the data names only only",
    ),
    "labels of two kinds": (
        Items((IMAGES[0], 0), (IMAGES[1], 1), (IMAGES[1], "zebra"), classes=["a", "b"]),
        "the train part has images labelled as none of the classes that the data names, a, b: 0, 1, zebra; the first",
    ),
    "one class": ((IMAGES, LABELS * 0), "at least two classes are needed, and all are labelled 0"),
    "labels out of range": (
        Items((IMAGES[0], 0), (IMAGES[1], 7), classes=["cat", "dog"]),
        "1 of 2 labels of the train part are not from 0 to 1, as 2 classes have them: the first is 7, of image 1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_data_that_is_refused(case: str) -> None:
    data, message = REFUSED[case]
    with pytest.raises(DataProblem, match=message):
        read(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("folder", "a pair of images and targets, not 'folder': files are named in the spec"),
        (DataLoader(TensorDataset(torch.ones(2))), r"not a DataLoader: .*, as `data=loader\.dataset`"),
        (3, "`data` is a torch Dataset .*, not 3"),
        (iter([]), "`data` is a torch Dataset .*, not an object of the class list_iterator"),
    ],
)
def test_what_is_no_data(data: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        require_data("data", data)


def test_a_class_that_only_the_test_part_has() -> None:
    with pytest.raises(DataProblem, match="the test part has images of classes that the training part lacks: 5"):
        read((IMAGES, LABELS), test=(IMAGES, np.full(8, 5)))


def test_more_than_the_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.training.data.given.fits_in_memory", lambda size, place: False)
    with pytest.raises(CannotRun, match=r"the images of `data` take 720 bytes, and the memory has .* left"):
        read(make_items(lambda image: image))


def test_nothing_is_handed_over() -> None:
    with pytest.raises(DataProblem, match=r"the data is to come from Python: `specnet\.train"):
        load(Python(), None, DataRequest(SHAPE, None, print))


def test_the_digest_tells_data_apart() -> None:
    """A pixel, a target, the order, a name and the part all count; the form in which the same data comes does not."""
    other = IMAGES.copy()
    other[7, 0, 0, 0] ^= 1
    sets = [
        read((IMAGES, LABELS)),
        read((other, LABELS)),
        read((IMAGES, 1 - LABELS)),
        read((IMAGES[::-1], LABELS[::-1])),
        read((IMAGES, LABELS), test=(IMAGES, LABELS)),
        read((IMAGES, LABELS), validation=(IMAGES, LABELS)),
        read((IMAGES, np.array(["a", "b"])[LABELS])),
        read((FLOATS, LABELS)),
    ]
    digests = [compute_digest(each) for each in sets]
    assert len(set(digests)) == len(digests)
    assert compute_digest(read(FORMS["tensors, as ToTensor makes"])) == digests[0]
