"""What is added up while an epoch is trained, without waiting for the device."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

HELD = 16
"""Steps whose outputs are held until they are counted together: beside a small network each operation is felt."""


@dataclass
class Sums:
    """What the steps of the epoch so far add up to; tensors stay on the device until somebody looks.

    `loss` is summed over images, `finite` counts the steps up to which it has been a number. `correct` and `finite`
    lack what is held, until `count_held`.
    """

    loss: Tensor
    correct: Tensor
    finite: Tensor
    images: int = 0
    steps: int = 0
    _outputs: list[Tensor] = field(default_factory=list)
    _labels: list[Tensor] = field(default_factory=list)
    _losses: list[Tensor] = field(default_factory=list)
    """Of the steps that are held, and of the parts of the one that is under way."""
    _parts: int = 0

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
        """B images of a step: their mean loss, outputs B×classes, labels B."""
        loss = loss.detach()
        self.loss.add_(loss, alpha=len(labels))
        self._outputs.append(outputs.detach())
        self._labels.append(labels)
        self._losses.append(loss)
        self._parts += 1
        self.images += len(labels)

    def finish_step(self) -> None:
        if self._parts != 1:  # several, or none on a rank whose images others count
            parts = self._losses[len(self._losses) - self._parts :]
            self._losses[len(self._losses) - self._parts :] = [sum(parts, torch.zeros_like(self.loss))]
        self._parts = 0
        self.steps += 1
        if len(self._losses) >= HELD:
            self.count_held()

    def count_held(self) -> None:
        """Count what the steps since the last time have got right; between two steps."""
        if not self._losses:
            return
        if self._outputs:
            self.correct += (torch.cat(self._outputs).argmax(1) == torch.cat(self._labels)).sum()
        was_finite = self.finite == self.steps - len(self._losses)
        self.finite += torch.stack(self._losses).isfinite().cumprod(0).sum() * was_finite
        for held in (self._outputs, self._labels, self._losses):
            held.clear()
