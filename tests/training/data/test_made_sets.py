"""The sets that need no files: digits and synthetic; and setting images aside."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits
from small_sets import read

from specnet.settings.data import Digits, Synthetic
from specnet.settings.split import Split
from specnet.training import DataProblem
from specnet.training.data.images import draw_stratified


def test_digits_are_scikit_learn_s_in_full_range() -> None:
    data = read(Digits(), None, (8, 8, 1))
    original = load_digits()
    assert len(data.train) == 1438
    assert data.test is not None
    assert len(data.test) == 359
    ours = torch.cat([data.train.pixels, data.test.pixels]).double().sum()
    assert ours == torch.tensor(original.images * 255 / 16).round().sum()
    assert max(abs(count - 36) for count in data.test.labels.bincount().tolist()) <= 1


def test_synthetic_is_the_same_every_time() -> None:
    setting = Synthetic(images=30, classes=3)
    one, two = (read(setting, None, (12, 10, 3)) for _ in range(2))
    assert one.train.pixels.shape == (30, 12, 10, 3)
    assert one.train.pixels.equal(two.train.pixels)
    assert not one.train.pixels.equal(read(Synthetic(images=30, classes=3, seed=1), None, (12, 10, 3)).train.pixels)
    assert one.test is not None
    assert len(one.test) == 6


def test_stratified_keeps_every_class_s_share() -> None:
    labels = torch.tensor([0] * 700 + [1] * 200 + [2] * 100)[torch.randperm(1000)]
    assert labels[draw_stratified(labels, 0, 100)].bincount().tolist() == [70, 20, 10]
    assert draw_stratified(labels, 0, 100).equal(draw_stratified(labels, 0, 100))


@pytest.mark.parametrize(("validation", "expected"), [(438, 438), (0.25, 360), (1e-9, 1)])
def test_split(validation: float, expected: int) -> None:
    whole, parted = (read(Digits(), None, (8, 8, 1), split) for split in (None, Split(validation=validation)))
    assert parted.validation is not None
    assert len(parted.validation) == expected
    both = torch.cat([parted.train.pixels, parted.validation.pixels]).flatten(1).double()
    assert both.sum() == whole.train.pixels.double().sum()


def test_a_split_that_leaves_nothing() -> None:
    with pytest.raises(DataProblem, match="sets 1,438 of 1,438 images aside for validation"):
        read(Digits(), None, (8, 8, 1), Split(validation=1438))
