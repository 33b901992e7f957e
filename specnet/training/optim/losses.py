"""The torch losses, registered by the class of their settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from specnet.settings import loss as settings

Loss = Callable[[Tensor, Tensor], Tensor]
"""From float outputs B×… and targets B×… to the mean loss of the batch.

Of masks, the outputs are B×K×h×w and the targets int64 B×H×W, of which the centre counts; pixels of IGNORED do not.
"""

IGNORED = -100
"""The class of a pixel that does not count, torch's own default."""


def cut_centre(targets: Tensor, outputs: Tensor) -> Tensor:
    """Return the centre of masks B×H×W of the size of outputs B×K×h×w."""
    (height, width), (whole_height, whole_width) = outputs.shape[2:], targets.shape[1:]
    top, left = (whole_height - height) // 2, (whole_width - width) // 2
    return targets[:, top : top + height, left : left + width]


def _make_cross_entropy(setting: settings.CrossEntropy, weights: Tensor | None) -> Loss:
    def compute(outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.dim() == 2:
            return cross_entropy(outputs, targets, weights, label_smoothing=setting.smoothing)
        return _mean_over_pixels(outputs, targets, weights, setting.smoothing)

    return compute


def _mean_over_pixels(
    outputs: Tensor, targets: Tensor, weights: Tensor | None = None, smoothing: float = 0.0
) -> Tensor:
    """Return the cross-entropy over the pixels that count; 0 where none does."""
    labels = cut_centre(targets, outputs)
    total = cross_entropy(outputs, labels, weights, label_smoothing=smoothing, reduction="sum")
    counts = labels != IGNORED
    number = weights[labels.clamp(min=0)].mul(counts).sum() if weights is not None else counts.sum()
    return total / number.clamp(min=1e-12)


def _make_focal(setting: settings.Focal, weights: Tensor | None) -> Loss:
    def compute(outputs: Tensor, targets: Tensor) -> Tensor:
        labels = cut_centre(targets, outputs) if outputs.dim() == 4 else targets
        losses = cross_entropy(outputs, labels, reduction="none")
        weighted = (-torch.expm1(-losses)).clamp(min=1e-12) ** setting.gamma * losses
        return weighted.sum() / (labels != IGNORED).sum().clamp(min=1)

    return compute


def _make_dice(setting: settings.Dice, weights: Tensor | None) -> Loss:
    def compute(outputs: Tensor, targets: Tensor) -> Tensor:
        loss = compute_dice(outputs, cut_centre(targets, outputs))
        return loss + setting.cross_entropy * _mean_over_pixels(outputs, targets) if setting.cross_entropy else loss

    return compute


def compute_dice(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return 1 − the mean Dice coefficient of the classes in masks B×h×w for outputs B×K×h×w; 0 where none counts."""
    counts = (labels != IGNORED).unsqueeze(1)
    shares = outputs.softmax(1) * counts
    truth = one_hot(labels.clamp(min=0), outputs.shape[1]).permute(0, 3, 1, 2) * counts
    overlap, total = ((shares * truth).sum((0, 2, 3)), (shares + truth).sum((0, 2, 3)))
    is_there = truth.sum((0, 2, 3)) > 0
    coefficients = 2 * overlap / total.clamp(min=1e-12) * is_there
    return is_there.any() - coefficients.sum() / is_there.sum().clamp(min=1)


LOSSES: dict[type[settings.Loss], Callable[[Any, Tensor | None], Loss]] = {
    settings.CrossEntropy: _make_cross_entropy,
    settings.Dice: _make_dice,
    settings.Focal: _make_focal,
}
"""The builder of each loss, which takes its settings and the class weights (float, one per output) or None."""


def build_loss(setting: settings.Loss, weights: Tensor | None = None) -> Loss:
    """Return the loss for a setting; `weights` are the class weights, which apply only in training."""
    return LOSSES[type(setting)](setting, weights)


def compute_class_weights(setting: settings.Loss, count: Callable[[], Tensor]) -> Tensor | None:
    """Return a factor for each output; balanced ones have the mean 1 over the images, or the pixels of masks.

    `count` returns how many of these have the class of each output, int64 K.
    """
    match setting.class_weights:
        case None:
            return None
        case "balanced":
            counts = count()
            return counts.sum() / (counts.clamp(min=1) * (counts > 0).sum())
        case weights:
            return torch.tensor(weights)
