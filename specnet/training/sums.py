"""What is added up while an epoch is trained, without waiting for the device."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor


@dataclass
class Sums:
    """What the steps of the epoch so far add up to; tensors stay on the device until somebody looks.

    `loss` is summed over images, `finite` counts the steps up to which it has been a number.
    """

    loss: Tensor
    correct: Tensor
    finite: Tensor
    images: int = 0
    steps: int = 0

    @classmethod
    def zero(cls, device: torch.device) -> Sums:
        def number(kind: torch.dtype) -> Tensor:
            return torch.zeros((), dtype=kind, device=device)

        return cls(number(torch.float32), number(torch.int64), number(torch.int64))

    def mean_loss(self) -> float:
        return self.loss.item() / max(1, self.images)

    def accuracy(self) -> float:
        return self.correct.item() / max(1, self.images)

    def add(self, loss: Tensor, outputs: Tensor, labels: Tensor) -> None:
        """B images of a step: their mean loss, outputs B×classes, labels B.

        In as few operations as possible: beside a small network each of them is felt.
        """
        self.loss.add_(loss.detach(), alpha=len(labels))
        self.correct += (outputs.argmax(1) == labels).sum()
        self.images += len(labels)

    def finish_step(self) -> None:
        self.finite += self.loss < inf  # no loss is below 0, and what is no number is not below infinity
        self.steps += 1
