"""What losses of masks have in common: outputs B×K×h×w, and labels int64 B×h×w, of which some do not count."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import one_hot

IGNORED = -100
"""The label of a pixel that does not count, torch's own default."""

LEAST = 1e-12
"""The least denominator."""


def cut_centre(targets: Tensor, outputs: Tensor) -> Tensor:
    """Return the centre of masks B×H×W of the size of outputs B×K×h×w."""
    (height, width), (whole_height, whole_width) = outputs.shape[2:], targets.shape[1:]
    top, left = (whole_height - height) // 2, (whole_width - width) // 2
    return targets[:, top : top + height, left : left + width]


def average_pixels(losses: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean over the pixels that count of losses B×h×w, which class weights are in; 0 where none counts."""
    counts = labels != IGNORED
    number = counts.sum() if weights is None else (weights[labels.clamp(min=0)] * counts).sum()
    return losses.sum() / number.clamp(min=LEAST)


def compute_dice(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return 1 − the mean Dice coefficient of the classes that the labels have; 0 where no pixel counts."""
    counts = (labels != IGNORED).unsqueeze(1)
    shares = outputs.softmax(1) * counts
    truth = one_hot(labels.clamp(min=0), outputs.shape[1]).permute(0, 3, 1, 2) * counts
    overlap, total = (shares * truth).sum((0, 2, 3)), (shares + truth).sum((0, 2, 3))
    is_there = truth.sum((0, 2, 3)) > 0
    coefficients = 2 * overlap / total.clamp(min=LEAST) * is_there
    return is_there.any().float() - coefficients.sum() / is_there.sum().clamp(min=1)
