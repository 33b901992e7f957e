"""Mixing images of a batch, and the loss for labels that are mixed with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor
from torch.distributions import Beta

from specnet.settings.augment import Augment, Cutmix, Mixing
from specnet.training.loss import Loss


@dataclass(frozen=True)
class Targets:
    """`labels` B count with `share`, and the rest is for `others` B, where there are any."""

    labels: Tensor
    others: Tensor | None = None
    share: float = 1.0

    def loss(self, loss: Loss, outputs: Tensor) -> Tensor:
        """The loss of outputs B×classes."""
        if self.others is None:
            return loss(outputs, self.labels)
        return self.share * loss(outputs, self.labels) + (1 - self.share) * loss(outputs, self.others)


class Mixer:
    """Mixes each image with that of the mirrored place in the batch; draws from torch's default generator."""

    def __init__(self, steps: Sequence[Augment]) -> None:
        self._steps = [step for step in steps if isinstance(step, Mixing)]

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Targets]:
        """Images B×C×H×W and labels B, mixed."""
        if not self._steps:
            return images, Targets(labels)
        step = self._steps[int(torch.randint(len(self._steps), ()))]
        share = Beta(step.alpha, step.alpha).sample().item()
        if not isinstance(step, Cutmix):
            return images.lerp(images.flip(0), 1 - share), Targets(labels, labels.flip(0), share)
        top, bottom, left, right = _rectangle(images.shape[2], images.shape[3], 1 - share)
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = images.flip(0)[:, :, top:bottom, left:right]
        taken = (bottom - top) * (right - left) / (images.shape[2] * images.shape[3])
        return mixed, Targets(labels, labels.flip(0), 1 - taken)


def _rectangle(height: int, width: int, share: float) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of a share of an image around a random pixel, cut off at the image's edge."""
    centre = int(torch.randint(height, ())), int(torch.randint(width, ()))
    half = int(height * sqrt(share)) // 2, int(width * sqrt(share)) // 2
    top, left = (max(0, place - by) for place, by in zip(centre, half, strict=True))
    bottom, right = min(height, centre[0] + half[0]), min(width, centre[1] + half[1])
    return top, bottom, left, right
