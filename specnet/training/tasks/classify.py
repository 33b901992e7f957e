"""task classify: cross-entropy of labels, accuracy, the confusion matrix, and the likeliest classes of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from specnet.printable import escape_unprintable
from specnet.settings.task import Metric
from specnet.settings.tasks.classify import Classify
from specnet.training.data.images import get_class_name
from specnet.training.figures.confusion import plot_confusion
from specnet.training.figures.precision_recall import plot_precision_recall
from specnet.training.figures.rendering import Note, render
from specnet.training.metrics.calibration import Reliability, apply_temperature, is_softmax, sort_confidences
from specnet.training.metrics.ranking import PrecisionRecall, compute_precision_recall, describe_decisions
from specnet.training.optim.losses import Loss
from specnet.training.tasks.answers import Answer, ScoredClass
from specnet.training.tasks.objective import Objective
from specnet.training.tasks.results import Meter, Results, Table, format_share, mean_of_known

TOP5_FROM = 11
"""The number of classes from which top-5 accuracy is reported, as it means little with fewer."""

LARGEST_MATRIX = 100
"""The number of classes up to which summary.json contains the confusion matrix."""

MOST_SHOWN = 20
"""With more classes, the pairs that are confused most are listed instead of a matrix."""

LONGEST_HEAD = 10
"""The largest number of characters of a class's name in the head of the matrix."""


@dataclass(frozen=True)
class ClassifyObjective(Objective):
    """Labels int64 N, and outputs N×K with a score for each class; `fitted` may have a `temperature` of them."""

    measure: ClassVar[Metric] = Classify.metric
    buffered_steps: ClassVar[int] = 16

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).sum()

    def make_meter(self, loss: Loss) -> ClassificationMeter:
        return ClassificationMeter(loss, self.classes, self.temperature)

    @property
    def temperature(self) -> float:
        """What the outputs are divided by: 1 unless the run is calibrated."""
        return self.fitted.get("temperature", (1.0,))[0]

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        scaled = outputs if self.temperature == 1 else apply_temperature(outputs, self.temperature)
        likeliest = to_probabilities(scaled).cpu().topk(min(top, outputs.shape[1]))
        return [
            Ranking(tuple(self._score(*each) for each in zip(indices, values, strict=True)))
            for indices, values in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
        ]

    def _score(self, index: int, probability: float) -> ScoredClass:
        return ScoredClass(get_class_name(self.classes, index), index, probability)


def to_probabilities(outputs: Tensor) -> Tensor:
    """Return outputs N×K as probabilities, each row with the sum 1; those of a network that ends in a softmax stay."""
    return outputs if is_softmax(outputs) else outputs.softmax(1)


@dataclass(frozen=True)
class Ranking(Answer):
    """The likeliest classes of an image, the first one first."""

    top: tuple[ScoredClass, ...]

    def describe(self) -> list[str]:
        names = [escape_unprintable(each.name) for each in self.top]
        width = max(map(len, names))
        return [f"{name:{width}}  {each.probability:7.2%}" for name, each in zip(names, self.top, strict=True)]

    def to_record(self) -> dict[str, Any]:
        return {"top": [each.to_record() for each in self.top]}

    def to_rows(self) -> list[Mapping[str, Any]]:
        return [{"rank": rank, **each.to_record()} for rank, each in enumerate(self.top, 1)]


@dataclass(frozen=True)
class ClassificationMetrics(Results):
    """Metrics of a part; `confusion` counts images by true and predicted label, int64 classes×outputs.

    `reliability` says how far the probabilities can be trusted, and `curve` is that of the second of two classes; they
    are None where only the confusion is known.
    """

    loss: float
    top5: float | None
    classes: tuple[str, ...]
    confusion: Tensor
    reliability: Reliability | None = None
    curve: PrecisionRecall | None = None

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

    @property
    def per_class(self) -> dict[str, dict[str, float | int | None]]:
        """Images, precision, recall and F1 of each class; None where one is not defined.

        The recall is the accuracy on the images of a class.
        """
        counts, told = self.confusion.sum(1).tolist(), self.confusion.sum(0).tolist()
        columns = zip(self.classes, self.confusion.diagonal().tolist(), counts, told[: len(self.classes)], strict=True)
        return {name: describe_decisions(*numbers) for name, *numbers in columns}

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the accuracies on the images of each class that has some."""
        known = mean_of_known(self.class_accuracies.values())
        assert known is not None, "there is an image"
        return known

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

    @property
    def scores(self) -> Mapping[str, float | None]:
        return {"accuracy": self.accuracy, **({} if self.top5 is None else {"top5_accuracy": self.top5})}

    def describe_scores(self) -> list[tuple[str, str]]:
        top5 = [] if self.top5 is None else [("top-5", f"{self.top5:.2%}")]
        is_balanced = len(set(self.confusion.sum(1).tolist())) == 1
        mean = [] if is_balanced else [("balanced accuracy", f"{self.balanced_accuracy:.2%}")]
        error = [("calibration error", f"{self.reliability.error:.2%}")] if self.reliability else []
        ranked = [("average precision", f"{self.curve.average_precision:.2%}")] if self.curve else []
        return [("accuracy", f"{self.accuracy:.2%}"), *top5, *mean, *ranked, *error]

    def summarize(self) -> dict[str, Any]:
        """Return the metrics as plain values, without a large confusion matrix."""
        matrix = {"confusion": self.confusion.tolist()} if len(self.classes) <= LARGEST_MATRIX else {}
        per_class = {"per_class_accuracy": self.class_accuracies, "per_class": self.per_class}
        return {**super().summarize(), **self._summarize_beyond(), **per_class, **matrix}

    def _summarize_beyond(self) -> dict[str, float | None]:
        """Return the figures that are no metric of an epoch."""
        macro = mean_of_known(each["f1"] for each in self.per_class.values())
        ranked = {"average_precision": self.curve.average_precision} if self.curve else {}
        error = {"calibration_error": self.reliability.error} if self.reliability else {}
        return {"balanced_accuracy": self.balanced_accuracy, "f1_macro": macro, **ranked, **error}

    def to_record(self) -> dict[str, Any]:
        return {**self.summarize(), "confusion": self.confusion.tolist()}

    def make_tables(self) -> list[Table]:
        """Return the figures of each class, the worst first, and the confusion matrix, or its largest cells."""
        known = [(name, each) for name, each in self.per_class.items() if each["images"]]
        rows = [
            (name, f"{each['images']:,}", *(format_share(each[key]) for key in ("recall", "precision", "f1")))
            for name, each in sorted(known, key=lambda pair: pair[1]["recall"] or 0.0)
        ]
        confusions = self._tabulate_matrix() if len(self.classes) <= MOST_SHOWN else self._tabulate_pairs()
        return [Table("", ("class", "images", "accuracy (recall)", "precision", "F1"), rows, (1, 2, 3, 4)), confusions]

    def _tabulate_matrix(self) -> Table:
        """Return a row per true class, with a column per predicted one."""
        counts = self.confusion.tolist()
        heads = [self.output_name(output)[:LONGEST_HEAD] for output in range(len(counts[0]))]
        rows = [[name, *(str(count or "·") for count in row)] for name, row in zip(self.classes, counts, strict=True)]
        return Table("true label (rows), predicted label (columns)", ["", *heads], rows, range(1, 1 + len(heads)))

    def _tabulate_pairs(self) -> Table:
        """Return the pairs of classes that are confused most often."""
        wrong = [(true, predicted, f"{count:,}") for true, predicted, count in self.find_confusions(MOST_SHOWN)]
        return Table("", ("true label", "predicted label", "images"), wrong, (2,))

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        """Return the confusion matrix, and the precision-recall curve of the second of two classes."""
        curve = {}
        if self.curve:
            names = f"the second class against the first, {self.images:,} images"
            figure = plot_precision_recall({self.classes[1]: self.curve}, f"{title}: {names}", note)
            curve = {"precision-recall.png": render(figure, "png")}
        return {"confusion.png": render(self.plot(title, note), "png"), **curve}

    def plot(self, title: str, note: Note) -> Figure:
        """Return the confusion matrix as a figure."""
        names = [self.output_name(output) for output in range(self.confusion.shape[1])]
        return plot_confusion(self.confusion, names, f"{title}: {self.accuracy:.2%} of {self.images:,}", note)


class ClassificationMeter(Meter):
    """Collects the confusion matrix, the images whose label is among the five highest outputs, and confidences."""

    def __init__(self, loss: Loss, classes: tuple[str, ...], temperature: float = 1.0) -> None:
        super().__init__(loss)
        self._classes, self._temperature = classes, temperature
        self._top5_hits, self._counts = list[Tensor](), list[Tensor]()
        self._confidences, self._correct = list[Tensor](), list[Tensor]()
        self._margins, self._targets = list[Tensor](), list[Tensor]()

    def add(self, outputs: Tensor, targets: Tensor) -> None:
        super().add(outputs if self._temperature == 1 else apply_temperature(outputs, self._temperature), targets)

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        width, likeliest = outputs.shape[1], outputs.max(1)
        if width >= TOP5_FROM:
            self._top5_hits.append((outputs.topk(5).indices == targets[:, None]).sum())
        cells = torch.bincount(targets * width + likeliest.indices, minlength=len(self._classes) * width)
        self._counts.append(cells.view(len(self._classes), width))
        self._confidences.append(torch.stack([likeliest.values, outputs.logsumexp(1), outputs.abs().sum(1)]))
        self._correct.append(likeliest.indices == targets)
        if width == len(self._classes) == 2:
            self._margins.append(outputs[:, 1] - outputs[:, 0])
            self._targets.append(targets)

    def compute(self) -> ClassificationMetrics:
        top5 = torch.stack(self._top5_hits).sum().item() / self.images if self._top5_hits else None
        confusion = torch.stack(self._counts).sum(0).cpu()
        figures = self._compute_reliability(), self._compute_curve()
        return ClassificationMetrics(self.mean_loss(), top5, self._classes, confusion, *figures)

    def _compute_reliability(self) -> Reliability | None:
        """Return the reliability; None where outputs are not finite, which a loss may be in spite of."""
        highest, total, size = torch.cat(self._confidences, 1).double().cpu()
        is_probability = torch.allclose(size, torch.ones_like(size), atol=1e-3)  # the network ends in a softmax
        confidences = highest if is_probability else (highest - total).exp()
        return sort_confidences(confidences, torch.cat(self._correct).cpu()) if confidences.isfinite().all() else None

    def _compute_curve(self) -> PrecisionRecall | None:
        if not self._margins:
            return None
        margins, truths = torch.cat(self._margins).double().cpu(), torch.cat(self._targets).cpu() == 1
        return compute_precision_recall(margins[:, None], truths[:, None])[0]
