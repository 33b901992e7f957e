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
from specnet.training.optim.mask_losses import average_pixels, compute_dice, cut_centre
from specnet.training.plugin_calls import calling, refuse_result

Loss = Callable[[Tensor, Tensor], Tensor]
"""From float outputs B×… and targets B×… to the mean loss of the batch.

Of masks, the outputs are B×K×h×w, and the targets int64 B×H×W.
"""


def _make_cross_entropy(setting: settings.CrossEntropy, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.dim() == 2:
            return cross_entropy(outputs, targets, weights, label_smoothing=setting.smoothing)
        labels = cut_centre(targets, outputs)
        losses = cross_entropy(outputs, labels, weights, label_smoothing=setting.smoothing, reduction="none")
        return average_pixels(losses, labels, weights)

    return loss


def _make_dice(setting: settings.Dice, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        labels = cut_centre(targets, outputs)
        dice = compute_dice(outputs, labels)
        if not setting.cross_entropy:
            return dice
        losses = cross_entropy(outputs, labels, reduction="none")
        return dice + setting.cross_entropy * average_pixels(losses, labels)

    return loss


def _make_binary_cross_entropy(setting: settings.BinaryCrossEntropy, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(outputs, targets.view_as(outputs).to(outputs.dtype), pos_weight=weights)

    return loss


LEAST_ERROR = 1e-6
"""The least probability of an error, as its power has no gradient at 0."""


def _focus(losses: Tensor, gamma: float) -> Tensor:
    return (1 - (-losses).exp()).clamp(min=LEAST_ERROR) ** gamma * losses


def _make_focal(setting: settings.Focal, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of one class for each image, int64 B, or pixel, B×H×W, or of several, uint8 B×classes."""
        if outputs.dim() == 4:
            labels = cut_centre(targets, outputs)
            losses = cross_entropy(outputs, labels, reduction="none")
            return average_pixels(_focus(losses, setting.gamma), labels)
        if targets.dtype == torch.int64:
            losses, shares = cross_entropy(outputs, targets, reduction="none"), None
        else:
            shown = targets.to(outputs.dtype)
            losses = binary_cross_entropy_with_logits(outputs, shown, reduction="none")
            shares = None if setting.alpha is None else setting.alpha * shown + (1 - setting.alpha) * (1 - shown)
        focused = _focus(losses, setting.gamma)
        return (focused if shares is None else shares * focused).mean()

    return loss


def _compute_hinge(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss for scores B×1, and int64 B that are 1 for pairs of one class."""
    return (1 - (2 * targets.view_as(outputs) - 1) * outputs).clamp(min=0).mean()


LEAST_SQUARE = 1e-12
"""The least square of a distance, whose root has no gradient at 0."""


def measure_distances(one: Tensor, other: Tensor) -> Tensor:
    """Return the Euclidean distances of embeddings …×D."""
    return (one - other).square().sum(-1).clamp(min=LEAST_SQUARE).sqrt()


def _make_contrastive(setting: settings.Contrastive, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss for embeddings B×2×D and labels B×2."""
        distances = measure_distances(outputs[:, 0], outputs[:, 1])
        missing = torch.where(targets[:, 0] == targets[:, 1], distances, (setting.margin - distances).clamp(min=0))
        return missing.square().mean() / 2

    return loss


def _make_triplet(setting: settings.Triplet, weights: Tensor | None) -> Loss:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss for embeddings B×2×D and labels B×2, all of which are compared with each other."""
        embeddings, labels = outputs.flatten(0, 1), targets.flatten()
        distances, same = measure_distances(embeddings[:, None], embeddings), labels[:, None] == labels
        farthest = distances.masked_fill(~same, -torch.inf).amax(1)
        nearest = distances.masked_fill(same, torch.inf).amin(1)
        counts = (same.sum(1) > 1) & ~same.all(1)
        losses = (setting.margin + farthest - nearest).clamp(min=0)
        return torch.where(counts, losses, 0).sum() / counts.sum().clamp(min=1)

    return loss


LOSSES: dict[type[settings.Loss], Callable[[Any, Tensor | None], Loss]] = {
    settings.CrossEntropy: _make_cross_entropy,
    settings.Dice: _make_dice,
    settings.BinaryCrossEntropy: _make_binary_cross_entropy,
    settings.Focal: _make_focal,
    settings.Mse: lambda setting, weights: mse_loss,
    settings.Mae: lambda setting, weights: l1_loss,
    settings.Huber: lambda setting, weights: partial(huber_loss, delta=setting.delta),
    settings.Hinge: lambda setting, weights: _compute_hinge,
    settings.Contrastive: _make_contrastive,
    settings.Triplet: _make_triplet,
}
"""The builder of each loss, which takes its settings and the class weights (float, one per output) or None."""


def build_loss(setting: settings.Loss, weights: Tensor | None = None) -> Loss:
    """Return the loss for a setting; `weights` are the class weights, which apply only in training."""
    make = LOSSES.get(type(setting))
    return make(setting, weights) if make else partial(_compute_own, setting)


def _compute_own(setting: settings.Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of a plugin; raises PluginFailure.

    It gets copies: metrics read the same outputs and targets, which may lie in the data itself, and it may change its
    own in place.
    """
    with calling(setting, "compute"):
        loss = setting.compute(outputs.clone(), targets.clone())
    if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.is_floating_point():
        raise refuse_result(setting, "compute", loss, "the mean of the batch, a float tensor with one element")
    if outputs.requires_grad and not loss.requires_grad:
        raise refuse_result(setting, "compute", loss, "one that depends on the outputs and has a gradient")
    return loss.reshape(())


def compute_class_weights(
    setting: settings.Loss, targets: Tensor, outputs: int, count_pixels: Callable[[], Tensor] | None = None
) -> Tensor | None:
    """Return a factor for each output, for labels int64 N or classes uint8 N×outputs; `count_pixels` is that of masks.

    Balanced ones of labels have the mean 1 over the images, or the pixels of masks; those of classes are the images
    without a class over those with it, as torch's `pos_weight`.
    """
    match setting.class_weights:
        case None:
            return None
        case "balanced" if targets.dim() > 1:
            shown = targets.sum(0)
            return (len(targets) - shown) / shown.clamp(min=1)
        case "balanced":
            counts = count_pixels().to(targets.device) if count_pixels else targets.bincount(minlength=outputs)
            return counts.sum() / (counts.clamp(min=1) * (counts > 0).sum())
        case weights:
            return torch.tensor(weights, device=targets.device)
