"""How well a network does on images that it is not trained on; each of them is counted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from specnet.training.data import Images
from specnet.training.device import Device
from specnet.training.loss import Loss
from specnet.training.normalize import Normalizer


@dataclass(frozen=True)
class Score:
    """Mean loss, and the fraction of images whose label has the highest output."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Evaluator:
    """Scores a module batch by batch; `ticked` is called with batches done and in all."""

    normalizer: Normalizer
    loss: Loss
    device: Device
    size: int

    @torch.inference_mode()
    def score(self, module: nn.Module, images: Images, ticked: Callable[[int, int], None]) -> Score:
        module.eval()
        loss = torch.zeros((), device=self.device.place)
        correct = torch.zeros((), device=self.device.place, dtype=torch.int64)
        batches = list(zip(images.pixels.split(self.size), images.labels.split(self.size), strict=True))
        for done, (pixels, labels) in enumerate(batches, 1):
            with self.device.autocast():
                outputs = module(self.normalizer(pixels)).float()
            loss += self.loss(outputs, labels) * len(labels)
            correct += (outputs.argmax(1) == labels).sum()
            ticked(done, len(batches))
        return Score(loss.item() / len(images), correct.item() / len(images))
