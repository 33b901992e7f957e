"""Evaluate a network on a part of the data: loss, accuracy, confusion matrix, with test-time augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor

from specnet.settings.evaluate import Evaluate
from specnet.training.data.images import Images, class_name
from specnet.training.data.placement import iterate_batches
from specnet.training.device import Device
from specnet.training.distributed import SINGLE_PROCESS, Network, Ranks
from specnet.training.optim.losses import Loss
from specnet.training.transforms.augmentation import reflected
from specnet.training.transforms.normalization import Normalizer

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
    ranks: Ranks = SINGLE_PROCESS

    def score(self, part: str, ticked: Ticked) -> Score:
        """How good the network is on a part."""
        place, images = self.device.place, len(self.parts[part])
        loss, correct = torch.zeros((), device=place), torch.zeros(2, dtype=torch.int64, device=place)
        for outputs, labels in self.outputs(part, ticked):
            loss += self.loss(outputs, labels) * len(labels)
            correct += count_hits(outputs, labels)
        first, five = (correct / images).tolist()
        return Score(loss.item() / images, first, five if outputs.shape[1] >= TOP5_FROM else None)

    @torch.inference_mode()
    def outputs(self, part: str, ticked: Ticked) -> Iterator[tuple[Tensor, Tensor]]:
        """Float outputs B×outputs and labels B of a part, batch by batch; each rank works on its share of a batch."""
        images = self.parts[part]
        batches = ceil(len(images) / self.size)
        for done, (pixels, labels) in enumerate(iterate_batches(images, self.size, self._own), 1):
            with self.device.autocast():
                outputs = self.network(self.normalizer(pixels)).float()
            yield self.ranks.joined(outputs, self.ranks.share(len(labels))), labels
            ticked(done, batches)

    def _own(self, images: int) -> slice:
        return self.ranks.share(images).places


def count_hits(outputs: Tensor, labels: Tensor) -> Tensor:
    """int64 2: for how many images of outputs B×classes the label B is the highest, and among the five highest."""
    highest = outputs.topk(min(5, outputs.shape[1])).indices == labels[:, None]
    return torch.stack([highest[:, 0].sum(), highest.sum()])


LARGEST_MATRIX = 100
"""With more classes, the confusion matrix is no longer written out in summary.json."""


@dataclass(frozen=True)
class ClassificationMetrics:
    """`confusion` is int64 classes×outputs: how many images of a class (row) were taken for each output (column)."""

    loss: float
    top5: float | None
    classes: tuple[str, ...]
    confusion: Tensor

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return int(self.confusion.diagonal().sum()) / self.images

    @property
    def per_class(self) -> dict[str, float | None]:
        """The fraction of each class's images that are recognised; None where there are none."""
        counts, right = self.confusion.sum(1).tolist(), self.confusion.diagonal().tolist()
        return {name: r / n if n else None for name, r, n in zip(self.classes, right, counts, strict=True)}

    def output_name(self, output: int) -> str:
        """The class's name; a network may have more outputs than there are classes."""
        return class_name(self.classes, output)

    def confused(self, most: int) -> list[tuple[str, str, int]]:
        """What is taken for what how often, the most frequent first."""
        wrong = self.confusion.clone()
        wrong.diagonal().zero_()
        cells = [(true, taken, int(wrong[true, taken])) for true, taken in wrong.nonzero().tolist()]
        cells.sort(key=lambda cell: -cell[2])
        return [(self.classes[true], self.output_name(taken), count) for true, taken, count in cells[:most]]

    def record(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        return {**self.brief(), "confusion": self.confusion.tolist()}

    def brief(self) -> dict[str, Any]:
        """The same, without a confusion matrix that is large."""
        top5 = {} if self.top5 is None else {"top5_accuracy": self.top5}
        matrix = {"confusion": self.confusion.tolist()} if len(self.classes) <= LARGEST_MATRIX else {}
        figures = {"images": self.images, "loss": self.loss, "accuracy": self.accuracy, **top5}
        return {**figures, "per_class_accuracy": self.per_class, **matrix}


@dataclass(frozen=True)
class Evaluation:
    """The part of the data that was measured, and how good the network is on it."""

    part: str
    measures: ClassificationMetrics


def compute_metrics(
    batches: Iterable[tuple[Tensor, Tensor]], loss: Loss, classes: tuple[str, ...]
) -> ClassificationMetrics:
    """The measures over batches of outputs B×outputs and labels B, at least one, without waiting for the device."""
    losses, among, counts, images = list[Tensor](), list[Tensor](), list[Tensor](), 0
    for outputs, labels in batches:
        width = outputs.shape[1]
        images += len(labels)
        losses.append(loss(outputs, labels).double() * len(labels))
        among.append(count_hits(outputs, labels)[1])
        cells = labels * width + outputs.argmax(1)
        counts.append(torch.bincount(cells, minlength=len(classes) * width).view(len(classes), width))
    top5 = torch.stack(among).sum().item() / images if len(classes) >= TOP5_FROM else None
    return ClassificationMetrics(
        torch.stack(losses).sum().item() / images, top5, classes, torch.stack(counts).sum(0).cpu()
    )


def average_views(network: Network, setting: Evaluate) -> Network:
    """A network that answers with the weighted mean of the outputs for all views."""
    if not (setting.mirror or setting.shift):
        return network

    def answer(images: Tensor) -> Tensor:
        return sum((share * network(view).float() for share, view in _views(images, setting)), images.new_zeros(()))

    return answer


def _views(images: Tensor, setting: Evaluate) -> Iterator[tuple[float, Tensor]]:
    """The views of images B×C×H×W, with shares that come to 1."""
    for share, moved in _shifted_views(images, setting.shift):
        yield from ((share / 2, moved), (share / 2, moved.flip(3))) if setting.mirror else ((share, moved),)


def _shifted_views(images: Tensor, by: int) -> Iterator[tuple[float, Tensor]]:
    """The images themselves, and moved along the diagonal to both sides, reflected at the edge."""
    if not by:
        yield 1.0, images
        return
    height, width = images.shape[2:]
    rows, columns = (reflected(size, by, images.device) for size in (height, width))
    padded = images[:, :, rows][:, :, :, columns]
    yield 0.5, images
    for start in (0, 2 * by):
        yield 0.25, padded[:, :, start : start + height, start : start + width]
