"""Calibration error, temperature and the figures of each class equal scikit-learn's and torchmetrics'."""

from __future__ import annotations

import pytest
import torch
from oracles import import_or_skip
from sklearn import metrics
from torch import Tensor
from torch.nn.functional import cross_entropy

from specnet.settings.loss import CrossEntropy
from specnet.settings.tasks.classify import Classify
from specnet.training.metrics.calibration import LARGEST, LEAST, fit_temperature
from specnet.training.optim.losses import build_loss
from specnet.training.tasks.classify import ClassificationMetrics, ClassifyObjective


def make_random(classes: int = 4, images: int = 500) -> tuple[Tensor, Tensor]:
    """Return outputs N×K that are surer than they are right, and labels N of classes of different sizes."""
    generator = torch.Generator().manual_seed(0)
    labels = (classes * torch.rand(images, generator=generator) ** 2).long()
    outputs = 3 * torch.randn(images, classes, generator=generator)
    outputs[torch.arange(images), labels] += 2
    return outputs, labels


def measure(outputs: Tensor, labels: Tensor, temperature: float | None = None) -> ClassificationMetrics:
    fitted = {} if temperature is None else {"temperature": (temperature,)}
    objective = ClassifyObjective(Classify(), tuple("abcdef"[: outputs.shape[1]]), None, fitted)
    meter = objective.make_meter(build_loss(CrossEntropy()))
    for part in zip(outputs.split(70), labels.split(70), strict=True):
        meter.add(*part)
    return meter.compute()


def test_figures_of_each_class_are_those_of_scikit_learn() -> None:
    outputs, labels = make_random()
    found, told = measure(outputs, labels), outputs.argmax(1)
    precision, recall, f1, images = metrics.precision_recall_fscore_support(labels, told)
    for key, oracle in {"precision": precision, "recall": recall, "f1": f1, "images": images}.items():
        assert [each[key] for each in found.per_class.values()] == pytest.approx(oracle.tolist(), abs=1e-6)
    assert found.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(labels, told), abs=1e-6)
    assert found.summarize()["f1_macro"] == pytest.approx(metrics.f1_score(labels, told, average="macro"), abs=1e-6)


def test_the_calibration_error_is_that_of_torchmetrics() -> None:
    torchmetrics = import_or_skip("torchmetrics.classification")
    outputs, labels = make_random()
    oracle = torchmetrics.MulticlassCalibrationError(4, n_bins=15)(outputs, labels).item()
    for given in (outputs, outputs.softmax(1)):
        reliability = measure(given, labels).reliability
        assert reliability is not None and reliability.error == pytest.approx(oracle, abs=1e-6)


def test_confidences_on_the_edges_of_bins_are_counted() -> None:
    outputs = torch.tensor([[0.0, -1e4], [0.0, 0.0], [1e4, 0.0]])
    reliability = measure(outputs, torch.tensor([0, 0, 1])).reliability
    assert reliability is not None
    assert reliability.images.sum() == 3
    assert reliability.images[-1] == 2


def test_the_temperature_has_the_least_loss_and_mends_the_calibration() -> None:
    outputs, labels = make_random()
    temperature = fit_temperature(outputs, labels)

    def loss(other: float) -> float:
        return cross_entropy(outputs.double() / other, labels).item()

    tried = torch.linspace(0.2, 8, 200).tolist()
    assert loss(temperature) <= min(map(loss, tried)) + 1e-9
    before, after = measure(outputs, labels), measure(outputs, labels, temperature)
    assert before.reliability and after.reliability and after.reliability.error < before.reliability.error / 2
    assert after.accuracy == before.accuracy
    assert after.loss == pytest.approx(loss(temperature), abs=1e-6)


def test_a_softmax_at_the_end_is_undone_first() -> None:
    outputs, labels = make_random()
    assert fit_temperature(outputs.softmax(1), labels) == pytest.approx(fit_temperature(outputs, labels), rel=1e-3)


def test_a_network_that_is_always_right_or_wrong_has_a_bounded_temperature() -> None:
    outputs = 5 * torch.eye(2)
    right = fit_temperature(outputs, torch.tensor([0, 1]))
    assert LEAST <= right < 1 and measure(outputs, torch.tensor([0, 1]), right).loss == pytest.approx(0, abs=1e-6)
    assert fit_temperature(outputs, torch.tensor([1, 0])) == pytest.approx(LARGEST)


@pytest.mark.usefixtures("drawn_figures")
def test_two_classes_have_the_curve_of_the_second() -> None:
    outputs, labels = make_random(2)
    found = measure(outputs, labels)
    oracle = metrics.average_precision_score(labels, outputs[:, 1] - outputs[:, 0])
    assert found.curve is not None and found.curve.average_precision == pytest.approx(oracle, abs=1e-6)
    assert measure(*make_random(3)).curve is None
    assert set(found.draw("test", print)) == {"confusion.png", "precision-recall.png"}


def test_precision_of_a_class_that_is_never_told_is_not_known() -> None:
    outputs = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
    found = measure(outputs, torch.tensor([0, 1]))
    assert found.per_class["b"] == {"images": 1, "precision": None, "recall": 0.0, "f1": 0.0}
    assert found.per_class["c"] == {"images": 0, "precision": None, "recall": None, "f1": None}
    assert found.balanced_accuracy == 0.5
