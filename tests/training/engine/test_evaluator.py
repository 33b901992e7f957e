"""How good a network is, counted by hand."""

from __future__ import annotations

import re

import pytest
import torch
from torch.nn.functional import cross_entropy

from specnet.cli import evaluate
from specnet.training import Evaluation
from specnet.training.tasks.classify import LARGEST_MATRIX, ClassificationMeter, ClassificationMetrics
from specnet.training.tasks.results import measure_batches

NAMES = tuple("abc")


def outputs(taken: list[int], width: int) -> torch.Tensor:
    return torch.eye(width)[taken] * 5


def measure(names: tuple[str, ...], *batches: tuple[torch.Tensor, torch.Tensor]) -> ClassificationMetrics:
    found = measure_batches(ClassificationMeter(cross_entropy, names), batches)
    assert isinstance(found, ClassificationMetrics)
    return found


def test_a_confusion_matrix_over_two_batches() -> None:
    """Four outputs for three classes, of which one has no images."""
    batches = [(outputs([0, 1, 3], 4), torch.tensor([0, 0, 1])), (outputs([1, 1], 4), torch.tensor([1, 0]))]
    found = measure(NAMES, *batches)
    assert found.confusion.tolist() == [[1, 2, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]
    assert (found.images, found.accuracy, found.top5) == (5, 2 / 5, None)
    assert found.class_accuracies == {"a": 1 / 3, "b": 1 / 2, "c": None}
    assert found.find_confusions(5) == [("a", "b", 2), ("b", "output 3", 1)]
    together = cross_entropy(torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches]))
    assert found.loss == pytest.approx(together.item())
    text = evaluate._format_text(Evaluation("test", found), None)
    assert text.endswith("   a  b  c  output 3\na  1  2  ·         ·\nb  ·  1  ·         1\nc  ·  ·  ·         ·")


def test_among_the_best_five_of_many() -> None:
    names = tuple(f"kind{number}" for number in range(30))
    rows = torch.arange(30.0).repeat(4, 1)
    found = measure(names, (rows, torch.tensor([29, 25, 24, 0])))
    assert (found.accuracy, found.top5) == (1 / 4, 2 / 4)
    text = evaluate._format_text(Evaluation("test", found), None)
    assert re.search(r"^top-5 +50.00%$", text, re.MULTILINE)
    assert "kind25      kind29                1" in text


@pytest.mark.parametrize("classes", [3, LARGEST_MATRIX + 50])
def test_a_large_matrix_is_left_out_of_the_summary(classes: int) -> None:
    names = tuple(map(str, range(classes)))
    found = measure(names, (outputs([1, 2], classes), torch.tensor([1, 1])))
    assert ("confusion" in found.summarize()) == (classes <= LARGEST_MATRIX)
    assert len(found.to_record()["confusion"]) == classes
