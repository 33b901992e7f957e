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
        return binary_cross_entropy_with_logits(outputs, targets.view_as(outputs).to(outputs.dtype), pos_weight=weights)

    return loss


LEAST_ERROR = 1e-6
"""The least probability of an error, as its power has no gradient at 0."""


def _make_focal(setting: settings.Focal, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of one class for each image, int64 B, or of any number of them, uint8 B×classes."""
        if targets.dtype == torch.int64:
            losses, shares = cross_entropy(outputs, targets, reduction="none"), None
        else:
            shown = targets.to(outputs.dtype)
            losses = binary_cross_entropy_with_logits(outputs, shown, reduction="none")
            shares = None if setting.alpha is None else setting.alpha * shown + (1 - setting.alpha) * (1 - shown)
        errors = (1 - (-losses).exp()).clamp(min=LEAST_ERROR)
        focused = errors**setting.gamma * losses
        return (focused if shares is None else shares * focused).mean()

    return loss


LOSSES: dict[type[settings.Loss], Callable[[Any, Tensor | None], Loss]] = {
    settings.CrossEntropy: _make_cross_entropy,
    settings.BinaryCrossEntropy: _make_binary_cross_entropy,
    settings.Focal: _make_focal,
    settings.Mse: lambda setting, weights: mse_loss,
    settings.Mae: lambda setting, weights: l1_loss,
    settings.Huber: lambda setting, weights: partial(huber_loss, delta=setting.delta),
}
"""The builder of each loss, which takes its settings and the class weights (float, one per output) or None."""


def build_loss(setting: settings.Loss, weights: Tensor | None = None) -> Loss:
    """Return the loss for a setting; `weights` are the class weights, which apply only in training."""
    return LOSSES[type(setting)](setting, weights)


def compute_class_weights(setting: settings.Loss, targets: Tensor, outputs: int) -> Tensor | None:
    """Return a factor for each output, for labels int64 N or classes uint8 N×outputs.

    Balanced ones of labels have the mean 1 over the images; those of classes are the images without a class over those
    with it, as torch's `pos_weight`.
    """
    match setting.class_weights:
        case None:
            return None
        case "balanced" if targets.dim() > 1:
            shown = targets.sum(0)
            return (len(targets) - shown) / shown.clamp(min=1)
        case "balanced":
            counts = targets.bincount(minlength=outputs)
            return len(targets) / (counts.clamp(min=1) * (counts > 0).sum())
        case weights:
            return torch.tensor(weights, device=targets.device)
