"""Grey images of 16 bits keep what they show, by a scale that is fitted to the training part and kept with the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_sets import write_image

from specnet.pictures.sixteen_bits import (
    FULL_SCALE,
    SixteenBitScale,
    count_values,
    fit_scale,
    scale_from_record,
)
from specnet.settings.data import Folder
from specnet.training.data.description import describe_data
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load


def fit(*values: int) -> SixteenBitScale:
    return fit_scale([count_values(np.array(values, np.int64))])


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([30_000, 30_131], SixteenBitScale(30_000, 30_131)),
        ([0, *[100] * 500, *[200] * 500, 65_535], SixteenBitScale(100, 200)),
        ([*[100] * 2000, 65_535], SixteenBitScale(100, 65_535)),
        ([-1000, 0, 3000], SixteenBitScale(-1000, 3000)),
        ([7, 7], SixteenBitScale(7, 8)),
        ([65_535], SixteenBitScale(65_534, 65_535)),
        ([-32_768], SixteenBitScale(-32_768, -32_767)),
        ([], FULL_SCALE),
    ],
)
def test_a_scale_spans_the_values_without_outliers(values: list[int], scale: SixteenBitScale) -> None:
    assert fit(*values) == scale


def test_a_scale_is_fitted_to_all_images_together() -> None:
    images = [np.array([[value, value + 1]]) for value in (500, 400, 450)]
    assert fit_scale(map(count_values, images)) == SixteenBitScale(400, 501)


def test_values_become_bytes() -> None:
    scale = SixteenBitScale(1000, 1510)
    assert scale.to_bytes(np.array([-5, 1000, 1001, 1002, 1255, 1510, 65_535])).tolist() == [0, 0, 0, 1, 128, 255, 255]
    values = np.arange(65_536)
    assert (FULL_SCALE.to_bytes(values) == (values + 128) // 257).all()


@pytest.mark.parametrize(
    "record", [{"low": 5}, {"low": 5, "high": 5}, {"low": 9, "high": 1}, {"low": "a", "high": 1}, 3]
)
def test_a_damaged_record_is_refused(record: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        scale_from_record(record)
    assert scale_from_record(SixteenBitScale(1, 2).to_record()) == SixteenBitScale(1, 2)
    assert scale_from_record(None) is None


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Two classes, 30,000 and 30,100, of which 8 bits of the whole range are the same; a test part beyond them."""
    for part, values in (("train", (30_000, 30_100)), ("test", (29_000, 40_000))):
        for name, value in zip(("dark", "light"), values, strict=True):
            write_deep(tmp_path / "cells" / part / name / "0.png", value)
            write_deep(tmp_path / "cells" / part / name / "1.tiff", value)
    return tmp_path / "cells"


def write_deep(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((9, 9), value, np.uint16)).save(path)


def read(folder: Path, channels: int = 1, **how: Any) -> tuple[DataSet, list[str]]:
    notes: list[str] = []
    return load(Folder(path=str(folder)), None, DataRequest((4, 4, channels), None, notes.append, **how)), notes


def shades(data: DataSet) -> dict[str, list[int]]:
    return {name: part.pixels[:, 2, 2, 0].tolist() for name, part in data.parts().items()}


def test_the_scale_is_that_of_the_training_part(cells: Path) -> None:
    data, _ = read(cells)
    assert data.scale == SixteenBitScale(30_000, 30_100)
    assert shades(data) == {"train": [0, 0, 255, 255], "test": [0, 0, 255, 255]}


def test_the_scale_comes_back_from_the_cache(cells: Path) -> None:
    assert read(cells)[0].scale == read(cells)[0].scale == SixteenBitScale(30_000, 30_100)


def test_a_run_has_its_own_scale(cells: Path) -> None:
    """Where it is the one that was fitted, the same cache serves; another one has its own beside it."""
    read(cells)
    classes = ("dark", "light")
    data, notes = read(cells, classes=classes, scale=SixteenBitScale(30_000, 30_100))
    assert (shades(data)["train"], "images read from" in notes[0]) == ([0, 0, 255, 255], True)
    for _ in range(2):
        data, _ = read(cells, classes=classes, scale=SixteenBitScale(29_900, 30_155))
        assert shades(data)["train"] == [100, 100, 200, 200]
    assert "images read from" in read(cells)[1][0], "and that of the training is still there"


def test_eight_bits_have_no_scale(tmp_path: Path) -> None:
    for name, value in (("a", 10), ("b", 20)):
        write_image(tmp_path / "grey" / name / "0.png", value)
    data, _ = read(tmp_path / "grey", classes=("a", "b"), scale=SixteenBitScale(1, 2))
    assert (data.scale, shades(data)) == (None, {"train": [10, 20]})
    assert "images read from" in read(tmp_path / "grey")[1][0], "so that all runs share the cache"


def test_images_of_both_depths_keep_what_they_show(cells: Path) -> None:
    write_image(cells / "train/dark/2.png", 77)
    data, _ = read(cells)
    assert shades(data)["train"] == [0, 0, 77, 255, 255]
    assert data.findings and data.findings.changes["brought from 16 bits to 8"] == 8
    said = "grey of 16 bits is brought to 8 in 8 of 9 images: 30,000 becomes 0, and 30,100 becomes 255"
    assert [*describe_data(data)][-1] == [*describe_data(read(cells)[0])][-1] == said


def test_a_split_sees_the_whole_scale(cells: Path) -> None:
    assert json.loads(json.dumps(read(cells / "train")[0].scale.to_record())) == {"low": 30_000, "high": 30_100}  # type: ignore[union-attr]
