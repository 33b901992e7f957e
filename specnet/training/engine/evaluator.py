"""Evaluate a network on a part of the data: loss, accuracy, confusion matrix, with test-time augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor

from specnet.settings.evaluate import Evaluate
from specnet.training.data.images import Images, get_class_name
from specnet.training.data.loading import iterate_batches
from specnet.training.device import Device
from specnet.training.distributed import SINGLE_PROCESS, Network, Ranks
from specnet.training.optim.losses import Loss
from specnet.training.transforms.augmentation import reflect_places
from specnet.training.transforms.normalization import Normalizer

OnBatch = Callable[[int, int], None]
"""Called after each batch with the number of finished batches and the total number."""

TOP5_FROM = 11
"""The number of classes from which top-5 accuracy is reported, as it means little with fewer."""

LARGEST_MATRIX = 100
"""The number of classes up to which summary.json contains the confusion matrix."""


@dataclass(frozen=True)
class Score:
    """Mean loss, accuracy and top-5 accuracy, which are fractions of the images."""

    loss: float
    accuracy: float
    top5: float | None


@dataclass(frozen=True)
class Evaluator:
    """Evaluates a network on parts of the data, `size` images at a time."""

    network: Network
    parts: Mapping[str, Images]
    normalizer: Normalizer
    loss: Loss
    device: Device
    size: int
    ranks: Ranks = SINGLE_PROCESS

    def score(self, part: str, on_batch: OnBatch) -> Score:
        """Return the loss and the accuracy on a part."""
        place, images = self.device.place, len(self.parts[part])
        loss, correct = torch.zeros((), device=place), torch.zeros(2, dtype=torch.int64, device=place)
        for outputs, labels in self.outputs(part, on_batch):
            loss += self.loss(outputs, labels) * len(labels)
            correct += count_hits(outputs, labels)
        first, five = (correct / images).tolist()
        return Score(loss.item() / images, first, five if outputs.shape[1] >= TOP5_FROM else None)

    @torch.inference_mode()
    def outputs(self, part: str, on_batch: OnBatch) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield float outputs B×outputs and labels B of a part, batch by batch, to which each rank adds its share."""
        images = self.parts[part]
        batches = ceil(len(images) / self.size)
        for done, (pixels, labels) in enumerate(iterate_batches(images, self.size, self._own_places), 1):
            with self.device.autocast():
                outputs = self.network(self.normalizer(pixels)).float()
            yield self.ranks.gather_outputs(outputs, self.ranks.share(len(labels))), labels
            on_batch(done, batches)

    def _own_places(self, images: int) -> slice:
        return self.ranks.share(images).places


def count_hits(outputs: Tensor, labels: Tensor) -> Tensor:
    """Count for how many images the label B has the highest of the outputs B×classes, or one of five, int64 2."""
    highest = outputs.topk(min(5, outputs.shape[1])).indices == labels[:, None]
    return torch.stack([highest[:, 0].sum(), highest.sum()])


@dataclass(frozen=True)
class ClassificationMetrics:
    """Metrics of a part; `confusion` counts images by true and predicted label, int64 classes×outputs."""

    loss: float
    top5: float | None
    classes: tuple[str, ...]
    confusion: Tensor

    def __repr__(self) -> str:
        return f"ClassificationMetrics(accuracy {self.accuracy:.2%} of {self.images:,}, loss {self.loss:.4f})"

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return int(self.confusion.diagonal().sum()) / self.images

    @property
    def class_accuracies(self) -> dict[str, float | None]:
        """The accuracy on the images of each class; None for a class without images."""
        counts, correct = self.confusion.sum(1).tolist(), self.confusion.diagonal().tolist()
        return {name: c / n if n else None for name, c, n in zip(self.classes, correct, counts, strict=True)}

    def output_name(self, output: int) -> str:
        """Return the name of the class of an output, or `output N`, as a network may have more outputs than classes."""
        return get_class_name(self.classes, output)

    def find_confusions(self, number: int) -> list[tuple[str, str, int]]:
        """Return true label, predicted label and count of the most frequent confusions, the most frequent first."""
        wrong = self.confusion.clone()
        wrong.diagonal().zero_()
        cells = [(true, predicted, int(wrong[true, predicted])) for true, predicted in wrong.nonzero().tolist()]
        cells.sort(key=lambda cell: -cell[2])
        return [(self.classes[true], self.output_name(predicted), count) for true, predicted, count in cells[:number]]

    def to_record(self) -> dict[str, Any]:
        """Return all metrics as plain values for JSON."""
        return {**self.summarize(), "confusion": self.confusion.tolist()}

    def summarize(self) -> dict[str, Any]:
        """Return the metrics as plain values, without a large confusion matrix."""
        top5 = {} if self.top5 is None else {"top5_accuracy": self.top5}
        matrix = {"confusion": self.confusion.tolist()} if len(self.classes) <= LARGEST_MATRIX else {}
        figures = {"images": self.images, "loss": self.loss, "accuracy": self.accuracy, **top5}
        return {**figures, "per_class_accuracy": self.class_accuracies, **matrix}


@dataclass(frozen=True)
class Evaluation:
    """The part of the data that was evaluated, and the metrics on it."""

    part: str
    metrics: ClassificationMetrics


def compute_metrics(
    batches: Iterable[tuple[Tensor, Tensor]], loss: Loss, classes: tuple[str, ...]
) -> ClassificationMetrics:
    """Return the metrics over batches of outputs B×outputs and labels B, at least one; it waits for the device once."""
    losses, top5_hits, counts, images = list[Tensor](), list[Tensor](), list[Tensor](), 0
    for outputs, labels in batches:
        width = outputs.shape[1]
        images += len(labels)
        losses.append(loss(outputs, labels).double() * len(labels))
        top5_hits.append(count_hits(outputs, labels)[1])
        cells = labels * width + outputs.argmax(1)
        counts.append(torch.bincount(cells, minlength=len(classes) * width).view(len(classes), width))
    top5 = torch.stack(top5_hits).sum().item() / images if len(classes) >= TOP5_FROM else None
    return ClassificationMetrics(
        torch.stack(losses).sum().item() / images, top5, classes, torch.stack(counts).sum(0).cpu()
    )


def average_views(network: Network, setting: Evaluate) -> Network:
    """Return a network whose output is the weighted mean over views of an image, for test-time augmentation."""
    if not (setting.mirror or setting.shift):
        return network

    def average(images: Tensor) -> Tensor:
        return sum((share * network(view).float() for share, view in _views(images, setting)), images.new_zeros(()))

    return average


def _views(images: Tensor, setting: Evaluate) -> Iterator[tuple[float, Tensor]]:
    """Yield the views of images B×C×H×W, with weights that sum to 1."""
    for share, moved in _shifted_views(images, setting):
        yield from ((share / 2, moved), (share / 2, moved.flip(3))) if setting.mirror else ((share, moved),)


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
