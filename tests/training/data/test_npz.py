"""Arrays of images and labels in a file of NumPy, in all layouts and types."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from specnet.settings.data import Npz
from specnet.training import DataProblem
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load
from specnet.training.data.pixels import PixelCollector, is_channels_first

SHAPE = (6, 5, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (8, *SHAPE), dtype=np.uint8)
LABELS = np.arange(8) % 4


def read(
    folder: Path, entries: dict[str, np.ndarray], shape: tuple[int, int, int] = SHAPE, **attributes: object
) -> DataSet:
    np.savez(folder / "x.npz", **entries)  # type: ignore[arg-type]
    setting = Npz.model_validate({"path": "x.npz", **attributes})
    return load(setting, None, DataRequest(shape, folder, lambda text: None))


FORMS: dict[str, np.ndarray] = {
    "bytes": IMAGES,
    "channels first": IMAGES.transpose(0, 3, 1, 2),
    "int64": IMAGES.astype(np.int64),
    "0..1": (IMAGES / 255).astype(np.float32),
    "0..1 in fp64": IMAGES / 255,
    "0..1, multiplied": IMAGES.astype(np.float32) * np.float32(1 / 255),
    "floats of 0..255 in fp32": IMAGES.astype(np.float32),
    "floats of 0..255": IMAGES.astype(np.float64),
    "big-endian": IMAGES.astype(">i4"),
    "Fortran": np.asfortranarray(IMAGES),
}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_in_all_forms(tmp_path: Path, form: str) -> None:
    data = read(tmp_path, {"x_train": FORMS[form], "y_train": LABELS})
    assert data.train.pixels[:].dtype == torch.uint8
    assert data.train.pixels[:].equal(torch.from_numpy(IMAGES))
    assert data.train.labels.tolist() == LABELS.tolist()
    assert data.classes == ("0", "1", "2", "3")


def test_floats_stay_as_they_are(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(8, *SHAPE)).astype(np.float32)
    pixels = read(tmp_path, {"x": values, "y": LABELS}).train.pixels
    assert isinstance(pixels, torch.Tensor) and pixels.equal(torch.from_numpy(values))


def test_grey_images_without_an_axis_of_channels(tmp_path: Path) -> None:
    data = read(tmp_path, {"x": IMAGES[..., 0], "y": LABELS}, (6, 5, 1))
    assert data.train.pixels.shape == (8, 6, 5, 1)


def test_images_of_another_size_are_fitted(tmp_path: Path) -> None:
    data = read(tmp_path, {"x": IMAGES, "y": LABELS}, (4, 4, 3))
    assert data.train.pixels.shape == (8, 4, 4, 3)
    assert data.findings and data.findings.smallest == (6, 5) and data.findings.changes == {"fitted to 4×4": 8}


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("x_train", "y_train", "x_test", "y_test"), ["train", "test"]),
        (("train_images", "train_labels", "val_images", "val_labels"), ["train", "validation"]),
        (("X_train", "y_train"), ["train"]),
    ],
)
def test_usual_names_are_found(tmp_path: Path, names: tuple[str, ...], parts: list[str]) -> None:
    entries = dict(zip(names, (IMAGES, LABELS) * (len(names) // 2), strict=True))
    assert list(read(tmp_path, entries).parts()) == parts


def test_named_arrays(tmp_path: Path) -> None:
    entries = {"a_train": IMAGES, "b_train": LABELS, "a_test": IMAGES[:3], "b_test": LABELS[:3]}
    data = read(tmp_path, entries, image="a_train", label="b_train")
    assert data.test is not None and len(data.test) == 3


@pytest.mark.parametrize(
    ("labels", "classes", "numbers"),
    [
        (np.array(["dog", "cat"] * 4), ("cat", "dog"), [1, 0] * 4),
        (np.array([10, 9] * 4, np.uint8), ("9", "10"), [1, 0] * 4),
        (LABELS[:, None], ("0", "1", "2", "3"), LABELS.tolist()),
        (LABELS.astype(np.float32), ("0", "1", "2", "3"), LABELS.tolist()),
        (LABELS > 1, ("0", "1"), (LABELS > 1).tolist()),
        (LABELS - 1, ("-1", "0", "1", "2"), LABELS.tolist()),
    ],
)
def test_labels(tmp_path: Path, labels: np.ndarray, classes: tuple[str, ...], numbers: list[int]) -> None:
    data = read(tmp_path, {"x": IMAGES, "y": labels})
    assert data.classes == classes
    assert data.train.labels.tolist() == numbers


def test_a_stated_number_of_classes(tmp_path: Path) -> None:
    """Some of the classes may have no image."""
    assert read(tmp_path, {"x": IMAGES, "y": LABELS}, classes=6).classes == tuple("012345")


NAN = np.full((8, *SHAPE), 0.5, np.float32)
NAN[3, 0, 0, 0] = np.nan

REFUSED: dict[str, tuple[dict[str, np.ndarray], dict[str, object], str]] = {
    "other names": ({"a": IMAGES, "b": LABELS}, {}, "has a, b; say which are the images, image=, and label="),
    "no such array": ({"x": IMAGES, "y": LABELS}, {"image": "xx", "label": "y"}, "no array `xx`; it has x, y"),
    "half named": ({"x": IMAGES, "y": LABELS}, {"image": "x"}, "`data npz` needs label= as well"),
    "lengths": ({"x": IMAGES, "y": LABELS[:5]}, {}, "another number of images than of labels: 8 and 5"),
    "a single number": ({"x": IMAGES, "y": np.array(3)}, {}, "another number of images than of labels: 8 and none"),
    "NaN": ({"x": NAN, "y": LABELS}, {}, "x of .* has numbers that are not finite, first in image 3"),
    "complex": ({"x": IMAGES.astype(complex), "y": LABELS}, {}, "holds complex128, and images are numbers"),
    "texts": ({"x": np.full((8, 6, 5), "a"), "y": LABELS}, {}, "holds <U1, and images are numbers"),
    "two dimensions": ({"x": IMAGES.reshape(8, -1), "y": LABELS}, {}, "is 8×90; images are N×H×W, N×H×W×C or N×C×H×W"),
    "no pixels": ({"x": IMAGES[:, :0], "y": LABELS}, {}, "has images of 0×5×3"),
    "no images": ({"x": IMAGES[:0], "y": LABELS[:0]}, {}, "has no images"),
    "one-hot": ({"x": IMAGES, "y": np.eye(4)[LABELS]}, {}, "the labels of the train part are 8×4; classes need one"),
    "halves": (
        {"x": IMAGES, "y": LABELS / 2},
        {},
        "4 of 8 labels of the train part are no whole numbers.*is 0.5, of im",
    ),
    "dates": ({"x": IMAGES, "y": LABELS.astype("M8[D]")}, {}, "are datetime64.D.; classes are whole numbers or texts"),
    "out of range": ({"x": IMAGES, "y": LABELS}, {"classes": 3}, "2 of 8 labels of the train part are not from 0 to 2"),
    "one class": ({"x": IMAGES, "y": LABELS * 0}, {}, "at least two classes are needed, and all are labelled 0"),
    "only in the test part": (
        {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS + 2},
        {},
        "the test part has images of classes that the training part lacks: 4, 5",
    ),
    "parts that differ": (
        {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES - 0.3, "y_test": LABELS},
        {},
        "different kinds of numbers: 0..255 in train, floats in test",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_arrays_that_are_refused(tmp_path: Path, case: str) -> None:
    entries, attributes, message = REFUSED[case]
    with pytest.raises(DataProblem, match=message):
        read(tmp_path, entries, **attributes)


class Exploding:
    """What a pickle runs as it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('it ran')",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.npz is empty"),
        (b"PK\x03\x04 cut short", "cannot be read as an archive of arrays: "),
        (b"\x80\x04}.", "x.npz is no archive of arrays, as numpy.savez writes"),
        (b"x,y", "x.npz is no archive of arrays, as numpy.savez writes"),
    ],
)
def test_files_that_are_no_archives(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataProblem, match=message):
        load(Npz(path="x.npz"), None, DataRequest(SHAPE, tmp_path, print))


def test_no_object_is_made_of_a_pickle(tmp_path: Path) -> None:
    objects = np.array([Exploding()] * 8, dtype=object)
    with pytest.raises(DataProblem, match="it holds Python objects, which are not read, as they may run any code"):
        read(tmp_path, {"x": IMAGES, "y": objects})


def test_a_file_in_an_archive_that_is_no_array(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", "hello")
        archive.writestr("y.npy", "hello")
    with pytest.raises(DataProblem, match=r"x of .*x\.npz is no array, as numpy\.savez writes it"):
        load(Npz(path="x.npz"), None, DataRequest(SHAPE, tmp_path, print))


def test_arrays_that_are_not_read_are_noted(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES)
    notes: list[str] = []
    load(Npz(path="x.npz"), None, DataRequest(SHAPE, tmp_path, notes.append))
    assert notes == [
        f"not read of {tmp_path / 'x.npz'}: x_test; a part needs images and labels, such as x_test and y_test"
    ]


def test_a_single_array(tmp_path: Path) -> None:
    with (tmp_path / "x.npz").open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(DataProblem, match="is a single array"):
        load(Npz(path="x.npz"), None, DataRequest(SHAPE, tmp_path, print))


@pytest.mark.parametrize(
    ("found", "shape", "is_first"),
    [
        ((3, 32, 32), (32, 32, 3), True),
        ((32, 32, 3), (32, 32, 3), False),
        ((1, 28, 28), (32, 32, 1), True),
        ((28, 28, 1), (32, 32, 1), False),
        ((3, 8, 3), (8, 3, 3), True),
        ((3, 3, 3), (3, 3, 3), False),
        ((3, 40, 50), (32, 32, 1), True),
        ((40, 50, 4), (32, 32, 3), False),
    ],
)
def test_layouts_are_told_apart(found: tuple[int, ...], shape: tuple[int, int, int], is_first: bool) -> None:
    assert is_channels_first(found, shape) is is_first


@given(arrays(np.uint8, (3, 2, 2, 1)), st.sampled_from([1, 255]), st.booleans())
def test_bytes_come_back_from_floats(images: np.ndarray, scale: int, at_once: bool) -> None:
    """Whether they come together or one by one: a dark image among those of 0..255 may have no values but 0 and 1."""
    images[0, 0, 0, 0] = 200
    collector = PixelCollector((2, 2), "they")
    for batch in [images] if at_once else images[:, None]:
        collector.add(batch.astype(np.float32) / scale)
    assert collector.finish()[0].numpy().tolist() == images.tolist()
