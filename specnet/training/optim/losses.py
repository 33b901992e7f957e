"""The torch losses, registered by the class of their settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
)

from specnet.settings import loss as settings

Loss = Callable[[Tensor, Tensor], Tensor]
"""From float outputs B×… and targets B×… to the mean loss of the batch."""


def _make_cross_entropy(setting: settings.CrossEntropy, weights: Tensor | None) -> Loss:
    return partial(cross_entropy, weight=weights, label_smoothing=setting.smoothing)


def _make_binary_cross_entropy(setting: settings.BinaryCrossEntropy, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(outputs, targets.view_as(outputs).to(outputs.dtype))

    return loss


LOSSES: dict[type[settings.Loss], Callable[[Any, Tensor | None], Loss]] = {
    settings.CrossEntropy: _make_cross_entropy,
    settings.BinaryCrossEntropy: _make_binary_cross_entropy,
    settings.Mse: lambda setting, weights: mse_loss,
    settings.Mae: lambda setting, weights: l1_loss,
    settings.Huber: lambda setting, weights: partial(huber_loss, delta=setting.delta),
}
"""The builder of each loss, which takes its settings and the class weights (float, one per output) or None."""


def build_loss(setting: settings.Loss, weights: Tensor | None = None) -> Loss:
    """Return the loss for a setting; `weights` are the class weights, which apply only in training."""
    return LOSSES[type(setting)](setting, weights)


def compute_class_weights(setting: settings.Loss, targets: Tensor, outputs: int) -> Tensor | None:
    """Return a factor for each output; balanced ones have the mean 1 over the images with these labels (int64 N)."""
    match setting.class_weights:
        case None:
            return None
        case "balanced":
            counts = targets.bincount(minlength=outputs)
            return len(targets) / (counts.clamp(min=1) * (counts > 0).sum())
        case weights:
            return torch.tensor(weights, device=targets.device)
