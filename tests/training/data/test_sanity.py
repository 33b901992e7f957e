"""Warnings before the first step: the same image in two parts, tiny images, a validation part too small to tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sets import write_image

from specnet.settings.data import Digits, Folder, Python
from specnet.settings.split import Split
from specnet.training import GivenData
from specnet.training.data.images import DataRequest, DataSet, Images, MappedPixels, Pixels
from specnet.training.data.loading import load
from specnet.training.data.sanity import list_warnings

SIZE = (5, 6)


def make_images(pixels: torch.Tensor, files: tuple[str, ...] = (), mapped: bool = False) -> Images:
    stored: Pixels = MappedPixels(pixels.flip(0), torch.arange(len(pixels)).flip(0), 0) if mapped else pixels
    return Images(stored, torch.zeros(len(pixels), dtype=torch.int64), files)


def make_set(train: Images, test: Images) -> DataSet:
    return DataSet(("a", "b"), train, test=test)


PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, *SIZE, 3), dtype=np.uint8))
FEW = PIXELS[[31, 3, 7]]
OTHERS = 255 - PIXELS[:10]


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("whole", [2**29, 0])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_images_in_two_parts(mapped: bool, whole: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.training.data.sanity.HASHED_WHOLE", whole)
    train = make_images(PIXELS.to(dtype), mapped=mapped)
    test = make_images(torch.cat([OTHERS, FEW]).to(dtype), tuple(f"{number}.png" for number in range(13)), mapped)
    assert list(list_warnings(make_set(train, test), SIZE)) == [
        "3 of 13 images of the test part are in the train part too, pixel by pixel, and measure what is learned by "
        "heart: 10.png is train:31; 11.png is train:3; 12.png is train:7"
    ]
    assert not list(list_warnings(make_set(train, make_images(OTHERS.to(dtype), mapped=mapped)), SIZE))


@pytest.mark.parametrize("whole", [2**29, 0])
def test_one_pixel_makes_another_image(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the rows by which images are found are alike."""
    monkeypatch.setattr("specnet.training.data.sanity.HASHED_WHOLE", whole)
    other = PIXELS.clone()
    other[:, 0, 0, 0] += 1
    assert not list(list_warnings(make_set(make_images(PIXELS), make_images(other)), SIZE))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_as_many_as_a_comparison_one_by_one_finds(train: list[int], test: list[int]) -> None:
    found = list(list_warnings(make_set(make_images(PIXELS[train]), make_images(PIXELS[test])), SIZE))
    shared = sum(image in train for image in test)
    assert [line.partition(" images")[0] for line in found] == ([f"{shared} of {len(test)}"] if shared else [])


def test_a_published_set_is_clean() -> None:
    request = DataRequest((8, 8, 1), None, print)
    assert not list(list_warnings(load(Digits(), Split(validation=0.1), request), (8, 8)))


def test_images_that_are_enlarged(tmp_path: Path) -> None:
    for number, size in enumerate([(40, 40), (9, 30), (10, 10)]):
        for name in ("a", "b"):
            write_image(tmp_path / name / f"{number}.png", (number, 0, 0), size)
    data = load(Folder(path=str(tmp_path)), None, DataRequest((40, 40, 3), None, print))
    assert list(list_warnings(data, (40, 40))) == [
        "2 of 6 images are enlarged more than 4 times to 40×40; the smallest is 10×10, of which a smaller input loses "
        "nothing"
    ]
    pair = (np.zeros((3, 8, 8), np.uint8), [0, 1, 0])
    given = load(Python(), None, DataRequest((33, 33, 1), None, print, given=GivenData(pair)))
    assert given.findings and given.findings.enlarged == 3


@pytest.mark.parametrize(("images", "points"), [(4, 50), (25, 20), (99, 10), (100, None)])
def test_a_validation_part_that_is_small(images: int, points: int | None) -> None:
    pixels = torch.arange(images * 8, dtype=torch.int32).view(torch.uint8).reshape(images, 4, 8, 1)
    data = DataSet(("a", "b"), make_images(PIXELS), validation=make_images(pixels))
    expected = [f"the validation part has {images} images: an accuracy on it is known to within {points} points"]
    assert [line.partition(", and")[0] for line in list_warnings(data, SIZE)] == (expected if points else [])
    assert not list(list_warnings(data, SIZE, is_counted=False))
