"""Evaluate a network on a part of the data, with test-time augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from specnet.settings.evaluate import Evaluate
from specnet.training.data.images import Images
from specnet.training.data.loading import iterate_batches
from specnet.training.device import Device
from specnet.training.distributed import SINGLE_PROCESS, Network, Ranks
from specnet.training.optim.losses import Loss
from specnet.training.tasks.objective import Fitted, Objective, get_main_output
from specnet.training.tasks.results import Results, measure_batches
from specnet.training.transforms.augmentation import reflect_places
from specnet.training.transforms.normalization import Normalizer

OnBatch = Callable[[int, int], None]
"""Called after each batch with the number of finished batches and the total number."""


@dataclass(frozen=True)
class Evaluator:
    """Evaluates a network on parts of the data, `size` images at a time."""

    network: Network
    parts: Mapping[str, Images]
    normalizer: Normalizer
    loss: Loss
    objective: Objective
    device: Device
    size: int
    ranks: Ranks = SINGLE_PROCESS

    def measure(self, part: str, on_batch: OnBatch = lambda done, total: None) -> Results:
        """Return the results on a part; it waits for the device once."""
        return measure_batches(self.objective.open_meter(self.loss), self.outputs(part, on_batch))

    def fit(self, part: str) -> Fitted:
        """Return what the task fits to the outputs of a part."""
        outputs, targets = zip(*self.outputs(part), strict=True)
        return self.objective.fit_outputs(torch.cat(outputs), torch.cat(targets))

    @torch.inference_mode()
    def outputs(self, part: str, on_batch: OnBatch = lambda done, total: None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield float outputs B×… and targets B×… of a part, batch by batch, to which each rank adds its share."""
        images = self.parts[part]
        batches = ceil(len(images) / self.size)
        read = iterate_batches(images, self.size, self._own_places, self.objective.find_partners(images.targets))
        for done, (pixels, targets, places) in enumerate(read, 1):
            batch = self.objective.prepare(pixels, targets, self.normalizer, places)
            with self.device.autocast():
                outputs = get_main_output(self.objective.forward(self.network, batch.inputs))
            share = self.ranks.share(min(self.size, len(images) - (done - 1) * self.size))
            yield self.ranks.gather_outputs(outputs, share), self.ranks.gather_outputs(batch.targets, share)
            on_batch(done, batches)

    def _own_places(self, images: int) -> slice:
        return self.ranks.share(images).places


@dataclass(frozen=True)
class Evaluation:
    """The part of the data that was evaluated, and the results on it."""

    part: str
    results: Results


def average_views(network: Network, setting: Evaluate, is_map: bool = False) -> Network:
    """Return a network whose output is the weighted mean over views of an image, for test-time augmentation.

    An output that is a map of the image, B×K×H×W, is mirrored back.
    """
    if not (setting.mirror or setting.shift):
        return network

    def compute(view: Tensor) -> Tensor:
        output = get_main_output(network(view))
        if not setting.mirror:
            return output
        mirrored = get_main_output(network(view.flip(3)))
        return (output + (mirrored.flip(3) if is_map else mirrored)) / 2

    def average(images: Tensor) -> Tensor:
        outputs = (share * compute(view) for share, view in _shifted_views(images, setting))
        return sum(outputs, images.new_zeros(()))

    return average


def _shifted_views(images: Tensor, setting: Evaluate) -> Iterator[tuple[float, Tensor]]:
    """Yield the images, and the images shifted along the diagonal or the axes, reflected at the edge, with weights."""
    if not (by := setting.shift):
        yield 1.0, images
        return
    height, width = images.shape[2:]
    rows, columns = (reflect_places(size, by, images.device) for size in (height, width))
    padded = images[:, :, rows][:, :, :, columns]
    is_diagonal = setting.along == "diagonal"
    places = ((0, 0), (2 * by, 2 * by)) if is_diagonal else ((0, by), (2 * by, by), (by, 0), (by, 2 * by))
    yield 0.5 if is_diagonal else 0.2, images
    for top, left in places:
        yield 0.25 if is_diagonal else 0.2, padded[:, :, top : top + height, left : left + width]
