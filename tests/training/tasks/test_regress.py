"""A regression's figures equal scikit-learn's and torchmetrics', in the units of the data."""

from __future__ import annotations

import pytest
import torch
from oracles import import_or_skip
from sklearn import metrics
from torch import Tensor

from specnet.settings.loss import Mse
from specnet.settings.normalize import Unchanged
from specnet.settings.tasks.regress import Regress
from specnet.training.optim.losses import build_loss
from specnet.training.tasks.regress import RegressionResults, RegressObjective
from specnet.training.transforms.normalization import fit_normalizer

NAMES = ("angle", "x", "constant")


def make_random(images: int = 200) -> tuple[Tensor, RegressObjective]:
    """Return targets N×3, an angle up to 360, a place up to 1 and a constant, and the objective fitted to them."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.rand(images, 3, generator=generator) * torch.tensor([360.0, 1.0, 0.0]) + torch.tensor([0, 5.0, 0.1])
    objective = RegressObjective(Regress(), NAMES)
    return targets, objective.add_fitted(objective.fit_targets(targets))


def scale(objective: RegressObjective, targets: Tensor) -> Tensor:
    """Return targets as the network learns them."""
    pixels = torch.zeros(len(targets), 2, 2, 1)
    return objective.prepare(pixels, targets, fit_normalizer(Unchanged(), pixels), None).targets


def measure(objective: RegressObjective, outputs: Tensor, targets: Tensor) -> RegressionResults:
    meter = objective.make_meter(build_loss(Mse()))
    for part in zip(outputs.split(70), targets.split(70), strict=True):
        meter.add(*part)
    return meter.compute()


def test_the_network_learns_standard_deviations() -> None:
    targets, objective = make_random()
    scaled = scale(objective, targets)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled[:, :2].std(0, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(objective.make_output_module()(scaled), targets)


def test_figures_are_those_of_scikit_learn_in_the_units_of_the_data() -> None:
    targets, objective = make_random()
    scaled = scale(objective, targets)
    outputs = scaled + 0.3 * torch.randn(scaled.shape, generator=torch.Generator().manual_seed(1))
    results = measure(objective, outputs, scaled)
    mean, std = (torch.tensor(objective.fitted[name], dtype=torch.float64) for name in ("mean", "std"))
    predicted, true = (outputs.double() * std + mean).numpy(), (scaled.double() * std + mean).numpy()
    assert results.rmse == pytest.approx(metrics.mean_squared_error(true, predicted) ** 0.5, rel=1e-6)
    assert results.mae == pytest.approx(metrics.mean_absolute_error(true, predicted), rel=1e-6)
    assert results.r2 == pytest.approx(metrics.r2_score(true[:, :2], predicted[:, :2]), abs=1e-6)
    assert results.coefficients["constant"] is None
    rated = objective.finish_measure(float(objective.rate(outputs, scaled)) / len(outputs))
    assert rated == pytest.approx(results.rmse, rel=1e-5)
    roots = [each["rmse"] for each in results.per_number.values()]
    assert roots == pytest.approx(metrics.root_mean_squared_error(true, predicted, multioutput="raw_values"), rel=1e-6)


def test_figures_are_those_of_torchmetrics() -> None:
    torchmetrics = import_or_skip("torchmetrics")
    targets, objective = make_random()
    scaled = scale(objective, targets)
    results = measure(objective, 0.8 * scaled, scaled)
    assert results.rmse == pytest.approx(
        torchmetrics.MeanSquaredError(squared=False)(results.predicted, results.true).item(), rel=1e-6
    )
    r2 = torchmetrics.R2Score()(results.predicted[:, :2].contiguous(), results.true[:, :2].contiguous())
    assert results.r2 == pytest.approx(r2.item(), abs=1e-6)


def test_nothing_is_said_of_the_spread_of_equal_numbers() -> None:
    targets, objective = make_random()
    scaled = scale(objective, targets)[:1].expand(4, 3)
    results = measure(objective, scaled, scaled)
    assert results.r2 is None
    assert ("R²", "not known: the numbers are all the same") in results.describe_scores()


def test_answers_are_in_the_units_of_the_data() -> None:
    targets, objective = make_random()
    (answer, *_) = objective.answer(scale(objective, targets)[:1], 5)
    record = answer.to_record()["numbers"]
    assert list(record) == list(NAMES)
    assert list(record.values()) == pytest.approx(targets[0].tolist(), rel=1e-5)
    assert answer.describe()[2].split() == ["constant", "0.1"]


def test_numbers_that_are_always_the_same_are_warned_of() -> None:
    targets, objective = make_random()
    (warning,) = objective.list_warnings({"train": targets, "test": targets[:1]})
    assert warning.startswith("`constant` is 0.1 for every image of the training part")
