"""Precision and recall at every threshold of a score."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall of what scores at least each of `scores`, float64 M, from the highest score to the lowest.

    Equal scores count together, as in scikit-learn's precision_recall_curve.
    """

    precision: Tensor
    recall: Tensor
    scores: Tensor

    @property
    def average_precision(self) -> float:
        """The sum of the precisions times what each adds to the recall, which interpolates nothing."""
        gains = self.recall.diff(prepend=self.recall.new_zeros(1))
        return float((gains * self.precision).sum())

    def find_best_threshold(self) -> float:
        """Return the threshold with the highest F1, midway to the next lower score, or to 0; of equal ones the highest.

        What is above it is told.
        """
        f1 = 2 * self.precision * self.recall / (self.precision + self.recall).clamp(min=1e-300)
        best = int(f1.argmax())
        lower = float(self.scores[best + 1]) if best + 1 < len(self.scores) else 0.0
        return (float(self.scores[best]) + lower) / 2


def compute_precision_recall(scores: Tensor, truths: Tensor) -> list[PrecisionRecall | None]:
    """Return the curve of each column of scores float64 N×K and truths 0 or 1, N×K; None for one that is never true."""
    columns = zip(scores.unbind(1), truths.unbind(1), strict=True)
    return [_compute_curve(column, truth.double()) if truth.any() else None for column, truth in columns]


def _compute_curve(scores: Tensor, truths: Tensor) -> PrecisionRecall:
    """Return the curve of scores N and truths N, some of which are true."""
    ordered, order = scores.sort(descending=True, stable=True)
    ends = torch.cat([(ordered.diff() != 0).nonzero().ravel(), torch.tensor([len(ordered) - 1])])
    right = truths[order].cumsum(0)[ends]
    return PrecisionRecall(right / (ends + 1), right / right[-1], ordered[ends])


def describe_decisions(right: float, shown: float, told: float) -> dict[str, float | int | None]:
    """Return images, precision, recall and F1 of a class that is shown and told so often, and rightly told.

    None stands for a division by 0.
    """
    return {
        "images": int(shown),
        "precision": divide(right, told),
        "recall": divide(right, shown),
        "f1": divide(2 * right, told + shown),
    }


def divide(part: float, whole: float) -> float | None:
    """Return the quotient; None where it is not defined."""
    return part / whole if whole else None
