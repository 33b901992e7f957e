"""task segment: cross-entropy of pixels, intersection over union, and the mask of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import interpolate

from specnet.pictures.decoding import read_picture
from specnet.printable import escape_unprintable
from specnet.settings.task import Metric
from specnet.training.data.image_decoding import ImageFormat
from specnet.training.data.images import Pixels, StoredPixels, UnmaskedPixels, cover
from specnet.training.figures.confusion import plot_confusion
from specnet.training.figures.masks import UNKNOWN, encode_mask, encode_picture, make_colours, overlay
from specnet.training.figures.rendering import Note, render
from specnet.training.optim.losses import Loss
from specnet.training.optim.mask_losses import IGNORED, cut_centre
from specnet.training.tasks.answers import Answer
from specnet.training.tasks.objective import Objective, PreparedBatch
from specnet.training.tasks.results import Meter, Results, Table
from specnet.training.transforms.normalization import Normalizer

LEAST_SHARE = 0.0005
"""The share of an image's pixels from which a class is named for people."""

MOST_SHOWN = 20
"""The number of classes up to which the confusions of pixels are a table, and are drawn."""

LONGEST_HEAD = 10
"""The largest number of characters of a class's name in the head of a table."""

LARGEST_MATRIX = 100
"""The number of classes up to which summary.json contains the confusion of pixels."""


@dataclass(frozen=True)
class SegmentObjective(Objective):
    """Masks int64 B×H×W with IGNORED where a pixel does not count, and outputs B×K×h×w for all of it or its centre."""

    measure: ClassVar[Metric] = Metric("pixel_accuracy", "pixel accuracy", is_share=True)
    picture: ClassVar[str] = "masks"

    def get_pixels(self, pixels: Pixels) -> Pixels:
        return UnmaskedPixels(pixels) if isinstance(pixels, StoredPixels) else pixels[..., :-1]

    def prepare(self, pixels: Tensor, targets: Tensor, normalizer: Normalizer, places: Tensor | None) -> PreparedBatch:
        masks = pixels[..., -1].long()
        return PreparedBatch((normalizer(pixels[..., :-1]),), torch.where(masks > 0, masks - 1, IGNORED))

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        labels = cut_centre(targets, outputs)
        hits, pixels = (outputs.argmax(1) == labels).sum(), (labels != IGNORED).sum()
        return hits / pixels.clamp(min=1) * len(targets)

    def make_meter(self, loss: Loss) -> PixelMeter:
        return PixelMeter(loss, self.classes)

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        return [Segmentation(scores.cpu(), self.classes, top) for scores in outputs]


@dataclass(frozen=True, eq=False)
class Segmentation(Answer):
    """The scores of the classes at each pixel, float K×h×w; of the classes, the `most` frequent ones are told."""

    scores: Tensor
    classes: tuple[str, ...]
    most: int

    @property
    def mask(self) -> Tensor:
        """The class of each pixel, uint8 h×w."""
        return self.scores.argmax(0).to(torch.uint8)

    def draw(self, image: Path, form: ImageFormat) -> Mapping[str, bytes]:
        """Return the mask in the size of the image file, and the image with it."""
        picture = read_picture(image)
        mask = place_scores(self.scores, (picture.shape[0], picture.shape[1]), form)
        colours = make_colours(len(self.classes))
        return {"": encode_mask(mask, colours), "-overlay": encode_picture(overlay(picture, mask, colours))}

    @property
    def shares(self) -> list[tuple[int, float]]:
        """The classes and their shares of the pixels, the largest first, without those that are not there."""
        counts = torch.bincount(self.mask.ravel(), minlength=len(self.classes)) / self.mask.numel()
        ranked = counts.sort(descending=True, stable=True)
        pairs = zip(ranked.indices.tolist(), ranked.values.tolist(), strict=True)
        return [(index, share) for index, share in pairs if share > 0]

    def describe(self) -> list[str]:
        shown = [(index, share) for index, share in self.shares if share >= LEAST_SHARE][: self.most]
        names = [escape_unprintable(self.classes[index]) for index, _ in shown]
        width = max(map(len, names))
        return [f"{name:{width}}  {share:7.2%} of the pixels" for name, (_, share) in zip(names, shown, strict=True)]

    def to_record(self) -> dict[str, Any]:
        return {"classes": [{"class": self.classes[i], "index": i, "share": share} for i, share in self.shares]}

    def to_rows(self) -> list[Mapping[str, Any]]:
        return [{"class": self.classes[index], "index": index, "share": share} for index, share in self.shares]


def place_scores(scores: Tensor, size: tuple[int, int], form: ImageFormat) -> np.ndarray:
    """Return the class of each pixel of an image file of this size, uint8 H×W, for scores K×h×w.

    The network has read a centre crop of the resized image, and may answer for the centre of that alone; the scores are
    enlarged to this window of the file, bilinear, and beside it is UNKNOWN.
    """
    covered = cover(form.resize or size, form.size, form.crop)
    windows = [_find_window(*sides) for sides in zip(covered, scores.shape[1:], size, strict=True)]
    (top, bottom), (left, right) = windows
    best = torch.full((bottom - top, right - left), -torch.inf)
    labels = torch.zeros(best.shape, dtype=torch.uint8)
    for label, score in enumerate(scores):  # one by one, as all of them may be large
        enlarged = interpolate(score[None, None], best.shape, mode="bilinear", antialias=True)[0, 0]
        labels[enlarged > best] = label
        best = best.maximum(enlarged)
    placed = np.full(size, UNKNOWN, np.uint8)
    placed[top:bottom, left:right] = labels.numpy()
    return placed


def _find_window(covered: int, answered: int, side: int) -> tuple[int, int]:
    """Return where the centre of a side that was resized begins and ends in the file."""
    begin = (covered - answered) // 2
    return round(begin * side / covered), max(1, round((begin + answered) * side / covered))


@dataclass(frozen=True)
class SegmentationMetrics(Results):
    """Metrics of a part; `confusion` counts pixels by true and predicted class, int64 K×K, without ignored ones."""

    loss: float
    number: int
    classes: tuple[str, ...]
    confusion: Tensor

    @property
    def images(self) -> int:
        return self.number

    @property
    def class_ious(self) -> dict[str, float | None]:
        """Intersection over union of each class; None for one that is neither in the masks nor in the outputs."""
        hits = self.confusion.diagonal()
        unions = self.confusion.sum(0) + self.confusion.sum(1) - hits
        rows = zip(self.classes, hits.tolist(), unions.tolist(), strict=True)
        return {name: hit / union if union else None for name, hit, union in rows}

    @property
    def miou(self) -> float | None:
        """The mean over the classes that are in the masks or in the outputs, as scikit-learn's jaccard_score has it."""
        known = [share for share in self.class_ious.values() if share is not None]
        return sum(known) / len(known) if known else None

    @property
    def masked_ious(self) -> list[float]:
        """Intersection over union of the classes that are in the masks.

        Of one image this is the measure: by `miou`, a single pixel of a class that it does not show costs it as much as
        a class that is missed.
        """
        has_pixels = dict(zip(self.classes, (self.confusion.sum(1) > 0).tolist(), strict=True))
        return [share for name, share in self.class_ious.items() if share is not None and has_pixels[name]]

    @property
    def pixel_accuracy(self) -> float | None:
        pixels = int(self.confusion.sum())
        return int(self.confusion.diagonal().sum()) / pixels if pixels else None

    @property
    def scores(self) -> Mapping[str, float | None]:
        return {"miou": self.miou, "pixel_accuracy": self.pixel_accuracy}

    def describe_scores(self) -> list[tuple[str, str]]:
        known = [share for share in self.class_ious.values() if share is not None]
        of_some = (
            f" of the {len(known)} classes in the masks or the answers"
            if known and len(known) < len(self.classes)
            else ""
        )
        shown = {"mIoU": self.miou, "pixel accuracy": self.pixel_accuracy}
        told = [(title, "– (no pixel counts)" if share is None else f"{share:.2%}") for title, share in shown.items()]
        return [(title, text + of_some * (title == "mIoU")) for title, text in told]

    def summarize(self) -> dict[str, Any]:
        """Return the metrics as plain values, without a large confusion matrix."""
        matrix = {"confusion": self.confusion.tolist()} if len(self.classes) <= LARGEST_MATRIX else {}
        return {**super().summarize(), "per_class_iou": self.class_ious, **matrix}

    def to_record(self) -> dict[str, Any]:
        return {**self.summarize(), "confusion": self.confusion.tolist()}

    def make_tables(self) -> list[Table]:
        """Return the figures of each class, the worst first, and the confusions of pixels."""
        pixels = self.confusion.sum(1)
        found = self.confusion.diagonal() / pixels.clamp(min=1)
        shares = (pixels / pixels.sum().clamp(min=1)).tolist()
        facts = [
            (iou, name, f"{iou:.2%}", f"{hit:.2%}" if share else "–", f"{share:.2%}")
            for (name, iou), hit, share in zip(self.class_ious.items(), found.tolist(), shares, strict=True)
            if iou is not None
        ]
        rows = [row[1:] for row in sorted(facts, key=lambda row: row[0])]
        table = Table("", ("class", "IoU", "found", "share of the pixels"), rows, (1, 2, 3))
        return [table, self._tabulate_confusion()] if len(self.classes) <= MOST_SHOWN else [table]

    def _tabulate_confusion(self) -> Table:
        """Return a row per true class, with the share of its pixels that is taken for each class."""
        shares = (self.confusion / self.confusion.sum(1, keepdim=True).clamp(min=1)).tolist()
        heads = [name[:LONGEST_HEAD] for name in self.classes]
        rows = [
            [name, *(f"{share:.1%}" if share else "·" for share in row)]
            for name, row in zip(self.classes, shares, strict=True)
        ]
        title = "true class (rows), predicted class (columns), of the pixels of the true class"
        return Table(title, ["", *heads], rows, range(1, 1 + len(heads)))

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        return {"confusion.png": render(self.plot(title, note), "png")}

    def plot(self, title: str, note: Note) -> Figure:
        """Return the confusions of pixels as a figure."""
        figures = ", ".join(f"{name} {text}" for name, text in self.describe_scores())
        return plot_confusion(self.confusion, self.classes, f"{title}: {figures}", note, writes_shares=True)


class PixelMeter(Meter):
    """Collects the confusions of pixels, without those that are ignored."""

    def __init__(self, loss: Loss, classes: tuple[str, ...]) -> None:
        super().__init__(loss)
        self._classes = classes
        self._counts = list[Tensor]()

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        width = outputs.shape[1]
        labels, predicted = cut_centre(targets, outputs), outputs.argmax(1)
        cells = torch.where(labels == IGNORED, width * width, labels * width + predicted)
        self._counts.append(torch.bincount(cells.ravel(), minlength=width * width + 1)[:-1].view(width, width))

    def compute(self) -> SegmentationMetrics:
        counts = torch.stack(self._counts).sum(0).cpu()
        return SegmentationMetrics(self.mean_loss(), self.images, self._classes, counts)
