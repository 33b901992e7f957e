"""How good a network is, class by class: the confusion matrix, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from specnet.training.evaluation import TOP5_FROM, hits
from specnet.training.loss import Loss

LISTED = 100
"""With more classes, the confusion matrix is no longer written out in summary.json."""


@dataclass(frozen=True)
class Measures:
    """`confusion` is int64 classes×outputs: how many images of a class (row) were taken for each output (column)."""

    loss: float
    top5: float | None
    classes: tuple[str, ...]
    confusion: Tensor

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return int(self.confusion.diagonal().sum()) / self.images

    @property
    def per_class(self) -> dict[str, float | None]:
        """The fraction of each class's images that are recognised; None where there are none."""
        counts, right = self.confusion.sum(1).tolist(), self.confusion.diagonal().tolist()
        return {name: r / n if n else None for name, r, n in zip(self.classes, right, counts, strict=True)}

    def output_name(self, output: int) -> str:
        """The class's name; a network may have more outputs than there are classes."""
        return output_name(self.classes, output)

    def confused(self, most: int) -> list[tuple[str, str, int]]:
        """What is taken for what how often, the most frequent first."""
        wrong = self.confusion.clone()
        wrong.diagonal().zero_()
        cells = [(true, taken, int(wrong[true, taken])) for true, taken in wrong.nonzero().tolist()]
        cells.sort(key=lambda cell: -cell[2])
        return [(self.classes[true], self.output_name(taken), count) for true, taken, count in cells[:most]]

    def record(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        return {**self.brief(), "confusion": self.confusion.tolist()}

    def brief(self) -> dict[str, Any]:
        """The same, without a confusion matrix that is large."""
        top5 = {} if self.top5 is None else {"top5_accuracy": self.top5}
        matrix = {"confusion": self.confusion.tolist()} if len(self.classes) <= LISTED else {}
        figures = {"images": self.images, "loss": self.loss, "accuracy": self.accuracy, **top5}
        return {**figures, "per_class_accuracy": self.per_class, **matrix}


@dataclass(frozen=True)
class Evaluation:
    """The part of the data that was measured, and how good the network is on it."""

    part: str
    measures: Measures


def output_name(classes: tuple[str, ...], output: int) -> str:
    """The name of the class that an output stands for, if it stands for one."""
    return classes[output] if output < len(classes) else f"output {output}"


def measure(batches: Iterable[tuple[Tensor, Tensor]], loss: Loss, classes: tuple[str, ...]) -> Measures:
    """The measures over batches of outputs B×outputs and labels B, at least one, without waiting for the device."""
    losses, among, counts, images = list[Tensor](), list[Tensor](), list[Tensor](), 0
    for outputs, labels in batches:
        width = outputs.shape[1]
        images += len(labels)
        losses.append(loss(outputs, labels).double() * len(labels))
        among.append(hits(outputs, labels)[1])
        cells = labels * width + outputs.argmax(1)
        counts.append(torch.bincount(cells, minlength=len(classes) * width).view(len(classes), width))
    top5 = torch.stack(among).sum().item() / images if len(classes) >= TOP5_FROM else None
    return Measures(torch.stack(losses).sum().item() / images, top5, classes, torch.stack(counts).sum(0).cpu())
