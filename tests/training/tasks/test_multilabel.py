"""The figures of several classes equal scikit-learn's and torchmetrics', and thresholds are those of the best F1."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import import_or_skip
from sklearn import metrics
from torch import Tensor

from specnet.settings.loss import BinaryCrossEntropy
from specnet.settings.tasks.multilabel import Multilabel
from specnet.training.metrics.ranking import compute_precision_recall
from specnet.training.optim.losses import build_loss
from specnet.training.tasks.multilabel import MultilabelObjective, MultilabelResults, ShownClasses

NAMES = tuple("abcde")


def make_random(images: int = 300, ties: bool = False) -> tuple[Tensor, Tensor]:
    """Return outputs N×5 that know something about the targets N×5, on request many of them equal."""
    generator = torch.Generator().manual_seed(0)
    shown = (torch.rand(images, 5, generator=generator) < torch.linspace(0.05, 0.7, 5)).to(torch.uint8)
    outputs = 2 * torch.randn(images, 5, generator=generator) + 1.5 * shown
    return (outputs.round() if ties else outputs), shown


def measure(outputs: Tensor, shown: Tensor, objective: MultilabelObjective | None = None) -> MultilabelResults:
    meter = (objective or MultilabelObjective(Multilabel(), NAMES)).make_meter(build_loss(BinaryCrossEntropy()))
    for part in zip(outputs.split(70), shown.split(70), strict=True):
        meter.add(*part)
    return meter.compute()


@pytest.mark.parametrize("ties", [False, True])
def test_figures_are_those_of_scikit_learn(ties: bool) -> None:
    outputs, shown = make_random(ties=ties)
    results = measure(outputs, shown)
    truth, scores, told = shown.numpy(), outputs.numpy(), (outputs > 0).numpy()
    found = results.scores
    assert found["map"] == pytest.approx(metrics.average_precision_score(truth, scores, average="macro"), abs=1e-6)
    assert found["f1_macro"] == pytest.approx(metrics.f1_score(truth, told, average="macro"), abs=1e-6)
    assert found["f1_micro"] == pytest.approx(metrics.f1_score(truth, told, average="micro"), abs=1e-6)
    oracles = {
        "average_precision": metrics.average_precision_score(truth, scores, average=None),
        "precision": metrics.precision_score(truth, told, average=None),
        "recall": metrics.recall_score(truth, told, average=None),
        "f1": metrics.f1_score(truth, told, average=None),
    }
    for key, oracle in oracles.items():
        assert [each[key] for each in results.per_class.values()] == pytest.approx(oracle.tolist(), abs=1e-6), key


def test_figures_are_those_of_torchmetrics() -> None:
    torchmetrics = import_or_skip("torchmetrics.classification")
    outputs, shown = make_random()
    found, arguments = measure(outputs, shown).scores, (outputs, shown.long())
    assert found["map"] == pytest.approx(torchmetrics.MultilabelAveragePrecision(5)(*arguments).item(), abs=1e-6)
    assert found["f1_macro"] == pytest.approx(torchmetrics.MultilabelF1Score(5)(*arguments).item(), abs=1e-6)
    micro = torchmetrics.MultilabelF1Score(5, average="micro")
    assert found["f1_micro"] == pytest.approx(micro(*arguments).item(), abs=1e-6)


def test_a_class_that_no_image_shows_is_left_out_and_named() -> None:
    outputs, shown = make_random()
    shown[:, 1] = 0
    results = measure(outputs, shown)
    kept = [0, 2, 3, 4]
    oracle = metrics.average_precision_score(shown[:, kept].numpy(), outputs[:, kept].numpy(), average="macro")
    assert results.scores["map"] == pytest.approx(oracle, abs=1e-6)
    assert results.per_class["b"]["average_precision"] is None
    assert ("left out of mAP", "b: no image shows it") in results.describe_scores()


def test_nothing_is_known_where_no_class_is_shown() -> None:
    outputs, shown = make_random()
    results = measure(outputs.clamp(max=-1), torch.zeros_like(shown))
    assert results.scores == {"map": None, "f1_macro": None, "f1_micro": None}
    assert not Multilabel.metric.is_better(results.scores["map"], None)


@given(st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=1, max_size=30))
def test_no_threshold_has_a_higher_f1(pairs: list[tuple[int, bool]]) -> None:
    outputs, shown = (
        torch.tensor([[float(score)] for score, _ in pairs]),
        torch.tensor([[int(is_)] for _, is_ in pairs]),
    )
    objective = MultilabelObjective(Multilabel(), ("a",))
    (threshold,) = objective.fit_outputs(outputs, shown.to(torch.uint8))["thresholds"]
    chances, truth = outputs.double().sigmoid().ravel().numpy(), shown.ravel().numpy()
    if not truth.any():
        assert threshold == 0.5
        return
    tried = [metrics.f1_score(truth, chances > other) for other in [0.0, *np.unique(chances)[:-1]]]
    assert metrics.f1_score(truth, chances > threshold) == pytest.approx(max(tried))


def test_the_classes_above_their_thresholds_are_told() -> None:
    objective = MultilabelObjective(Multilabel(), NAMES, None, {"thresholds": (0.5, 0.9, 0.5, 0.2, 0.5)})
    outputs = torch.tensor([[3.0, 2.0, -4.0, -1.0, -3.0], [-5.0, -5.0, -5.0, -5.0, -4.0]])
    first, none = objective.answer(outputs, 2)
    assert isinstance(first, ShownClasses) and isinstance(none, ShownClasses)
    assert [each.name for each in first.shown] == ["a", "d"]
    assert [each.name for each in first.top] == ["a", "b"]
    assert none.describe() == ["none; the likeliest is e   1.80%".replace("   ", "  ")]
    assert none.to_rows() == [{"class": "", "index": "", "probability": ""}]
    assert none.to_record()["shown"] == []


def test_a_threshold_of_the_spec_holds_for_all_classes() -> None:
    objective = MultilabelObjective(Multilabel(threshold=0.3), NAMES)
    assert not objective.fits_outputs
    assert objective.thresholds == (0.3,) * 5


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    outputs, shown = make_random(ties=True)
    for place, curve in enumerate(compute_precision_recall(outputs.double(), shown)):
        assert curve is not None
        precision, recall, scores = metrics.precision_recall_curve(
            shown[:, place], outputs[:, place], drop_intermediate=False
        )
        np.testing.assert_allclose(curve.precision, precision[:-1][::-1])
        np.testing.assert_allclose(curve.recall, recall[:-1][::-1])
        np.testing.assert_allclose(curve.scores, scores[::-1])


def test_classes_of_all_images_or_of_none_are_warned_of() -> None:
    flags = torch.tensor([[1, 0, 1, 0], [1, 0, 0, 0]], dtype=torch.uint8)
    objective = MultilabelObjective(Multilabel(), ("sky", "sea", "car", "cat"))
    assert list(objective.list_warnings({"train": flags})) == [
        "every image of the training part has sky, of which nothing can be learned",
        "no image of the training part has sea, cat, of which nothing can be learned",
    ]
