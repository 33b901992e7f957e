"""How well a network does on images that it is not trained on; each of them is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from specnet.training.data import Images
from specnet.training.device import Device
from specnet.training.loss import Loss
from specnet.training.normalize import Normalizer
from specnet.training.ranks import ALONE, Ranks

Network = Callable[[Tensor], Tensor]
"""A module, compiled or not: images B×C×H×W to outputs B×classes."""

Ticked = Callable[[int, int], None]
"""Is called after each batch with how many are done, and how many there are."""


@dataclass(frozen=True)
class Score:
    """Mean loss, and the fraction of images whose label has the highest output."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Evaluator:
    """Scores a network in evaluation mode on parts of the data, `size` images at a time."""

    network: Network
    parts: Mapping[str, Images]
    normalizer: Normalizer
    loss: Loss
    device: Device
    size: int
    ranks: Ranks = ALONE

    def score(self, part: str, ticked: Ticked) -> Score:
        """How good the network is on a part."""
        place, images = self.device.place, len(self.parts[part])
        loss, correct = torch.zeros((), device=place), torch.zeros((), dtype=torch.int64, device=place)
        for outputs, labels in self.outputs(part, ticked):
            loss += self.loss(outputs, labels) * len(labels)
            correct += (outputs.argmax(1) == labels).sum()
        return Score(loss.item() / images, correct.item() / images)

    @torch.inference_mode()
    def outputs(self, part: str, ticked: Ticked) -> Iterator[tuple[Tensor, Tensor]]:
        """Float outputs B×outputs and labels B of a part, batch by batch; each rank works on its share of a batch."""
        images = self.parts[part]
        starts = range(0, len(images), self.size)
        for done, start in enumerate(starts, 1):
            pixels, labels = images.pixels[start : start + self.size], images.labels[start : start + self.size]
            share = self.ranks.share(len(labels))
            with self.device.autocast():
                outputs = self.network(self.normalizer(pixels[share.places])).float()
            yield self.ranks.joined(outputs, share), labels
            ticked(done, len(starts))
