"""Several classes and numbers as the targets of images: from a table, from arrays, and from Python."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from small_sets import write_image

from specnet.settings.data import Csv, Data, Npz, Python
from specnet.settings.loss import Target
from specnet.training import DataProblem, GivenData
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load

SHAPE = (8, 6, 3)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(4):
        write_image(tmp_path / f"{number}.png", (number, 0, 0))
    return tmp_path


def read(
    folder: Path, target: Target, table: str, label: str, classes: tuple[str, ...] | None = None, skip_bad: bool = False
) -> DataSet:
    (folder / "x.csv").write_text(table)
    request = DataRequest(SHAPE, folder, print, target=target, classes=classes, skip_bad=skip_bad)
    part = "part" if "part" in table else ""
    return load(Csv(path="x.csv", label=label, part=part), None, request)


NUMBERS = "image,angle,x\n0.png,10,0.5\n1.png,-1e2,1\n2.png,3,0\n"
FLAGS = "image,sun,rain\n0.png,1,0\n1.png,1,1\n2.png,0,0\n"


@pytest.mark.parametrize(
    ("label", "rows"), [("angle", [[10], [-100], [3]]), ("x, angle", [[0.5, 10], [1, -100], [0, 3]])]
)
def test_numbers_in_columns(photos: Path, label: str, rows: list[list[float]]) -> None:
    data = read(photos, Target.NUMBERS, NUMBERS, label)
    assert data.train.targets.tolist() == rows
    assert data.classes == tuple(label.split(", "))


def test_a_column_for_each_class(photos: Path) -> None:
    data = read(photos, Target.CLASSES, FLAGS, "rain,sun")
    assert data.classes == ("rain", "sun")
    assert data.train.targets.tolist() == [[0, 1], [1, 1], [0, 0]]


@pytest.mark.parametrize("separator", ["|", ";", " ", " | ", ","])
def test_names_in_one_column(photos: Path, separator: str) -> None:
    table = f'image,tags\n0.png,sun\n1.png,"rain{separator}sun"\n2.png,\n'
    data = read(photos, Target.CLASSES, table, "tags")
    assert data.classes == ("rain", "sun")
    assert data.train.targets.tolist() == [[0, 1], [1, 1], [0, 0]]


def test_a_space_is_part_of_a_name_beside_another_separator(photos: Path) -> None:
    assert read(photos, Target.CLASSES, "image,tags\n0.png,hot dog|cat\n1.png,cat\n", "tags").classes == (
        "cat",
        "hot dog",
    )


def test_parts_keep_their_targets(photos: Path) -> None:
    """Whatever the order of the rows; a row whose image cannot be read takes its targets with it."""
    (photos / "bad.png").write_text("no image")
    table = "image,y,part\n0.png,0,test\nbad.png,9,train\n1.png,1,train\n2.png,2,test\n3.png,3,train\n"
    (photos / "x.csv").write_text(table)
    request = DataRequest(SHAPE, photos, print, target=Target.NUMBERS, skip_bad=True)
    data = load(Csv(path="x.csv", label="y", part="part"), None, request)
    assert data.test is not None
    assert data.test.targets.ravel().tolist() == data.test.pixels[:, 4, 3, 0].tolist() == [0, 2]
    assert data.train.targets.ravel().tolist() == data.train.pixels[:, 4, 3, 0].tolist() == [1, 3]


@pytest.mark.parametrize("target", [Target.IMAGE])
def test_an_image_that_is_its_own_target_needs_no_label(photos: Path, target: Target) -> None:
    assert len(read(photos, target, "image\n0.png\n1.png\n", "label").train) == 2


@pytest.mark.parametrize(
    ("target", "table", "label", "message"),
    [
        (Target.NUMBERS, NUMBERS.replace("3,0", "three,0"), "angle", r"line 4 \(`three` in `angle` is no number\)"),
        (Target.NUMBERS, NUMBERS.replace("3,0", ",0"), "angle", r"line 4 \(no number in `angle`\)"),
        (Target.NUMBERS, NUMBERS.replace("3,0", "1_0,0"), "angle", r"line 4 \(`1_0` in `angle` is no number\)"),
        (Target.NUMBERS, NUMBERS.replace("3,0", "-1e308,0"), "angle", r"line 4 \(-1e308 in `angle` is too large"),
        (Target.NUMBERS, NUMBERS.replace("3,0", "nan,0"), "angle", r"line 4 \(nan in `angle` is not finite\)"),
        (Target.NUMBERS, NUMBERS.replace("3,0", "1e999,0"), "angle", r"line 4 \(1e999 in `angle` is not finite\)"),
        (Target.NUMBERS, NUMBERS, "angle,z", "no column `z`"),
        (Target.CLASSES, FLAGS.replace("1,1", "1,2"), "sun,rain", r"line 3 \(2 in `rain` is neither 0 nor 1\)"),
        (
            Target.CLASS,
            FLAGS,
            "sun,rain",
            'label="sun,rain" names 2 columns, and the task needs one class, in one colu',
        ),
    ],
)
def test_values_that_are_refused(photos: Path, target: Target, table: str, label: str, message: str) -> None:
    with pytest.raises(DataProblem, match=message):
        read(photos, target, table, label)


def test_names_that_the_training_part_lacks(photos: Path) -> None:
    table = "image,tags,part\n0.png,a|b,train\n1.png,b|c,test\n"
    (photos / "x.csv").write_text(table)
    request = DataRequest(SHAPE, photos, print, target=Target.CLASSES)
    with pytest.raises(DataProblem, match="the test part has images of classes that the training part lacks: c"):
        load(Csv(path="x.csv", label="tags", part="part"), None, request)
    with pytest.raises(DataProblem, match="the train part has images of classes that the run was not trained on: b"):
        read(photos, Target.CLASSES, "image,tags\n0.png,a|b\n", "tags", classes=("a", "z"))


IMAGES = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8)


def read_arrays(how: str, folder: Path, target: Target, values: np.ndarray) -> DataSet:
    """Read arrays from a file, as a pair, or item by item."""
    setting: Data = Npz(path="x.npz") if how == "npz" else Python()
    np.savez(folder / "x.npz", x=IMAGES, y=values)
    given = GivenData((IMAGES, values) if how == "pair" else [*zip(IMAGES, values, strict=True)])
    return load(setting, None, DataRequest(SHAPE, folder, print, target=target, given=given))


@pytest.mark.parametrize("how", ["npz", "pair", "items"])
def test_arrays_of_targets(how: str, tmp_path: Path) -> None:
    numbers = np.arange(8, dtype=np.float64).reshape(4, 2)
    data = read_arrays(how, tmp_path, Target.NUMBERS, numbers)
    assert (data.train.targets.tolist(), data.classes) == (numbers.tolist(), ("target 1", "target 2"))
    single = read_arrays(how, tmp_path, Target.NUMBERS, numbers[:, 0])
    assert (single.train.targets.shape, single.classes) == ((4, 1), ("target",))
    flags = read_arrays(how, tmp_path, Target.CLASSES, numbers > 3)
    assert flags.train.targets.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]
    assert len(read_arrays(how, tmp_path, Target.IMAGE, numbers).train) == 4


@pytest.mark.parametrize(
    ("target", "values", "message"),
    [
        (
            Target.NUMBERS,
            np.array([0, np.nan, 1, np.inf]),
            "of 2 of 4 images of the train part are not finite, first .* 1",
        ),
        (Target.NUMBERS, np.zeros((4, 2, 2)), "are 4×2×2 of float64; numbers are N or N×K"),
        (Target.NUMBERS, np.array(["a"] * 4), "are 4 of <U1; numbers are N or N×K"),
        (
            Target.CLASSES,
            np.full((4, 3), 2),
            "of 4 of 4 images of the train part are neither 0 nor 1, first .* image 0",
        ),
        (Target.CLASSES, np.zeros(4), "are 4 of float64; several classes are N×classes of 0 and 1"),
    ],
)
def test_arrays_of_targets_that_are_refused(tmp_path: Path, target: Target, values: np.ndarray, message: str) -> None:
    with pytest.raises(DataProblem, match=message):
        read_arrays("npz", tmp_path, target, values)


def test_images_alone_where_they_are_their_own_targets(tmp_path: Path) -> None:
    np.savez(tmp_path / "alone.npz", x_train=IMAGES, x_test=IMAGES[:1])
    request = DataRequest(SHAPE, tmp_path, print, target=Target.IMAGE)
    data = load(Npz(path="alone.npz"), None, request)
    assert {name: len(part) for name, part in data.parts().items()} == {"train": 4, "test": 1}
    for given in (IMAGES, [*IMAGES], [(image, None) for image in IMAGES]):
        found = load(Python(), None, DataRequest(SHAPE, None, print, target=Target.IMAGE, given=GivenData(given)))
        assert found.train.pixels[:].numpy().tolist() == IMAGES.tolist()


ROUNDED = {
    "seconds since 1970": ([1.7e9, 1.7e9 + 60, 1.7e9 + 20], "`{name}` lie within 60 of each other"),
    "tiny": ([1e-200, 2e-200, 3e-200], "round them by up to 3e-200"),
    "northings": ([4_649_776.5, 4_650_776.0, 4_651_000.0], ""),
    "always the same": ([0.1, 0.1, 0.1], ""),
}


@pytest.mark.parametrize("source", ["csv", "npz"])
@pytest.mark.parametrize("what", ROUNDED)
def test_numbers_that_32_bits_cannot_tell_apart(what: str, source: str, photos: Path) -> None:
    """They are refused for a training, and not where a run is measured."""
    values, message = ROUNDED[what]
    rows = [f"{place}.png,train,{value!r}\n" for place, value in enumerate(values)]
    table = "".join(["image,part,t\n", *rows, "3.png,test,0\n"])
    np.savez(photos / "x.npz", x_train=np.zeros((3, *SHAPE), np.uint8), y_train=np.array(values))

    def read_either(classes: tuple[str, ...] | None) -> DataSet:
        if source == "csv":
            return read(photos, Target.NUMBERS, table, "t", classes)
        return load(Npz(path="x.npz"), None, DataRequest(SHAPE, photos, print, target=Target.NUMBERS, classes=classes))

    name = "t" if source == "csv" else "target"
    if message:
        with pytest.raises(DataProblem, match=re.escape(message.format(name=name))):
            read_either(None)
    assert len(read_either((name,)).train) == 3
