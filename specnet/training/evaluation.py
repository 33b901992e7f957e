"""How well a network does on images that it is not trained on; each of them is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from specnet.training.data import Images
from specnet.training.data.stream import in_order
from specnet.training.device import Device
from specnet.training.loss import Loss
from specnet.training.normalize import Normalizer
from specnet.training.ranks import ALONE, Network, Ranks

Ticked = Callable[[int, int], None]
"""Is called after each batch with how many are done, and how many there are."""


TOP5_FROM = 11
"""With fewer classes, to be among the best five means little."""


@dataclass(frozen=True)
class Score:
    """Mean loss, and the fraction of images whose label has the highest output, or one of the five highest."""

    loss: float
    accuracy: float
    top5: float | None


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
        loss, correct = torch.zeros((), device=place), torch.zeros(2, dtype=torch.int64, device=place)
        for outputs, labels in self.outputs(part, ticked):
            loss += self.loss(outputs, labels) * len(labels)
            correct += hits(outputs, labels)
        first, five = (correct / images).tolist()
        return Score(loss.item() / images, first, five if outputs.shape[1] >= TOP5_FROM else None)

    @torch.inference_mode()
    def outputs(self, part: str, ticked: Ticked) -> Iterator[tuple[Tensor, Tensor]]:
        """Float outputs B×outputs and labels B of a part, batch by batch; each rank works on its share of a batch."""
        images = self.parts[part]
        batches = ceil(len(images) / self.size)
        for done, (pixels, labels) in enumerate(in_order(images, self.size, self._own), 1):
            with self.device.autocast():
                outputs = self.network(self.normalizer(pixels)).float()
            yield self.ranks.joined(outputs, self.ranks.share(len(labels))), labels
            ticked(done, batches)

    def _own(self, images: int) -> slice:
        return self.ranks.share(images).places


def hits(outputs: Tensor, labels: Tensor) -> Tensor:
    """int64 2: for how many images of outputs B×classes the label B is the highest, and among the five highest."""
    highest = outputs.topk(min(5, outputs.shape[1])).indices == labels[:, None]
    return torch.stack([highest[:, 0].sum(), highest.sum()])
