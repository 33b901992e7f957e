"""Baselines: what classifiers are given, and how they are measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_views import TWO_CONVOLUTIONS, build_run

from specnet.insight.baselines import (
    BATCH,
    Task,
    compare,
    compute_features,
    compute_pixels,
    read_images,
)
from specnet.insight.classifiers import CLASSIFIERS
from specnet.insight.layers import compute_output
from specnet.settings.data import Digits, Synthetic
from specnet.settings.normalize import MeanStd
from specnet.settings.split import Split
from specnet.training import CannotRun, DataProblem, Unsuitable
from specnet.training.data.images import DataRequest, DataSet, Images

DIGITS = Task(Digits(), None, (8, 8, 1), MeanStd())


def read(task: Task, limit: int = 10**6, notes: list[str] | None = None) -> tuple[DataSet, str]:
    return read_images(task, DataRequest(task.shape, None, (notes if notes is not None else []).append), limit)


def make_images(count: int, shape: tuple[int, int, int]) -> Images:
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return Images(pixels, torch.arange(count) % 2)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_each_classifier_learns_digits(kind: str) -> None:
    """By chance a tenth would be right."""
    data, part = read(DIGITS, 200)
    (result,) = compare(compute_pixels(DIGITS, data, part), [kind], 0, lambda text: None)
    assert 0.35 < result.accuracy < 1
    assert result.fit_seconds > 0


def test_the_accuracy_is_that_of_scikit_learn() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    data, part = read(DIGITS)
    features = compute_pixels(DIGITS, data, part)
    oracle = KNeighborsClassifier().fit(features.train, features.train_labels)
    (result,) = compare(features, ["knn"], 0, lambda text: None)
    assert (len(features.train), len(features.test), features.part) == (1438, 359, "test")
    assert result.accuracy == oracle.score(features.test, features.test_labels)


def test_the_same_seed_gives_the_same_result() -> None:
    data, part = read(DIGITS, 100)
    features = compute_pixels(DIGITS, data, part)
    accuracies = [
        [result.accuracy for result in compare(features, ["tree", "forest"], seed, lambda text: None)]
        for seed in (0, 0, 1)
    ]
    assert accuracies[0] == accuracies[1] != accuracies[2]


def test_a_classifier_that_stops_before_it_converges_is_told() -> None:
    data, part = read(DIGITS, 50)
    notes: list[str] = []
    list(compare(compute_pixels(DIGITS, data, part), ["perceptron"], 0, notes.append))
    assert notes == ["perceptron stopped before it converged"]


def test_pixels_are_normalised_by_the_images_to_fit_to() -> None:
    data, part = read(DIGITS, 300)
    features = compute_pixels(DIGITS, data, part)
    assert features.train.shape == (300, 64)
    assert features.train.mean() == pytest.approx(0, abs=1e-4)
    assert features.train.std() == pytest.approx(1, abs=1e-4)
    assert abs(features.test.mean()) > 1e-4


def test_a_limit_keeps_the_shares_of_the_classes() -> None:
    notes: list[str] = []
    data, _ = read(DIGITS, 100, notes)
    assert data.train.labels.bincount().tolist() == [10] * 10
    assert notes[-1] == "of 1,438 to fit to and 359 to test on, 100 and 100 images are taken; `limit` takes others"


@pytest.mark.parametrize(("limit", "message"), [(9, "9 images to fit to are too few"), (12, "none of ")])
def test_too_few_images(limit: int, message: str) -> None:
    task = Task(Synthetic(classes=20, images=200), None, (4, 4, 1), MeanStd())
    with pytest.raises(DataProblem, match=message):
        read(task, limit)


def test_a_set_with_a_split_keeps_its_test_part() -> None:
    data, part = read(Task(Digits(), Split(validation=0.5), (8, 8, 1), MeanStd()))
    assert (len(data.train), part) == (719, "test")


def test_features_are_the_outputs_of_the_layer_in_the_order_of_the_images() -> None:
    run, images = build_run(), make_images(BATCH + 3, (16, 16, 3))
    features = compute_features(run, "pool2", DataSet(("a", "b"), images, test=images), "test")
    wanted = compute_output(run, images.pixels[:], "pool2").flatten(1).numpy()
    deviation = wanted.std(0)
    wanted = (wanted - wanted.mean(0)) / np.where(deviation > 0, deviation, 1)
    assert features.train.shape == (BATCH + 3, 4 * 4 * 6)
    np.testing.assert_allclose(features.train, wanted, atol=1e-4)
    np.testing.assert_allclose(features.test, features.train)
    assert np.isfinite(features.train).all()


def test_a_layer_that_there_is_not() -> None:
    data = DataSet(("a", "b"), make_images(20, (16, 16, 3)))
    with pytest.raises(CannotRun, match="no layer `pol2`; did you mean `pool2`"):
        compute_features(build_run(), "pol2", data, "test")


def test_images_of_other_channels() -> None:
    data = DataSet(("a", "b"), make_images(20, (16, 16, 1)))
    with pytest.raises(Unsuitable, match="3 channels, and the data has 1"):
        compute_features(build_run(TWO_CONVOLUTIONS), "pool2", data, "test")


def test_features_that_are_not_finite() -> None:
    run = build_run()
    with torch.no_grad():
        run.model.get_submodule("conv1").weight.fill_(torch.nan)
    with pytest.raises(DataProblem, match="not finite"):
        compute_features(run, "conv1", DataSet(("a", "b"), make_images(20, (16, 16, 3))), "test")
