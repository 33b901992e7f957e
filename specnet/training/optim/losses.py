"""The loss in torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from specnet.settings import loss as settings

Loss = Callable[[Tensor, Tensor], Tensor]
"""From float outputs B×classes and labels B to the mean loss of the batch."""


def build_loss(setting: settings.Loss, weights: Tensor | None = None) -> Loss:
    """The loss; `weights` are those of the classes, which count in training alone."""
    match setting:
        case settings.CrossEntropy(smoothing=smoothing):
            return partial(cross_entropy, weight=weights, label_smoothing=smoothing)
    raise TypeError(f"no such loss: {setting!r}")


def compute_class_weights(setting: settings.Loss, labels: Tensor, outputs: int) -> Tensor | None:
    """A factor for each output; balanced ones have the mean 1 over the images with these labels (int64 N)."""
    match setting:
        case settings.CrossEntropy(weights="balanced"):
            counts = labels.bincount(minlength=outputs)
            return len(labels) / (counts.clamp(min=1) * (counts > 0).sum())
        case settings.CrossEntropy(weights=tuple() as weights):
            return torch.tensor(weights, device=labels.device)
    return None
