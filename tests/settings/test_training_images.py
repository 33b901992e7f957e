"""How many images a `train` section trains on, where that is known beforehand."""

from __future__ import annotations

import pytest

from specnet.settings.data import Cifar10, Data, Digits, Folder, Mnist, Synthetic
from specnet.settings.split import Split


@pytest.mark.parametrize(
    ("data", "images"),
    [
        (Mnist(), 60_000),
        (Cifar10(), 50_000),
        (Cifar10(only="cat,dog"), 10_000),
        (Digits(), 1438),
        (Synthetic(images=77), 77),
        (Folder(path="photos"), None),
    ],
)
def test_images_of_a_set(data: Data, images: int | None) -> None:
    assert data.training_images == images


@pytest.mark.parametrize(
    ("split", "left"), [(Split(validation=100), 900), (Split(validation=0.25), 750), (Split(folds=5, fold=2), 800)]
)
def test_images_that_are_left(split: Split, left: int) -> None:
    assert split.count_left(1000) == left
