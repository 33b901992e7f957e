"""task multilabel: binary cross-entropy of classes, mean average precision, and the classes above their thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from specnet.printable import escape_unprintable
from specnet.settings.task import Metric
from specnet.settings.tasks.multilabel import Multilabel
from specnet.training.data.folder_layout import list_names
from specnet.training.figures.precision_recall import plot_precision_recall
from specnet.training.figures.rendering import Note, render
from specnet.training.metrics.ranking import PrecisionRecall, compute_precision_recall, describe_decisions, divide
from specnet.training.optim.losses import Loss
from specnet.training.tasks.answers import Answer, ScoredClass
from specnet.training.tasks.objective import Fitted, Objective
from specnet.training.tasks.results import Meter, Results, Table, format_share, mean_of_known

UNFITTED = 0.5
"""The threshold of a class that no validation part has chosen."""


@dataclass(frozen=True)
class MultilabelObjective(Objective):
    """Classes uint8 N×K with a 1 for each that an image shows, and outputs N×K, whose sigmoids are probabilities.

    `fitted` has `thresholds`, once they are chosen: of probabilities, one for each class.
    """

    setting: Multilabel
    measure: ClassVar[Metric] = Metric("label_accuracy", "label accuracy", is_share=True)
    buffered_steps: ClassVar[int] = 16

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The probability of each class above which it is told."""
        common = self.setting.threshold or UNFITTED
        return self.fitted.get("thresholds", (common,) * len(self.classes))

    def list_warnings(self, parts: Mapping[str, Tensor]) -> Iterator[str]:
        """Yield a sentence about classes that all images to train on have, or none has."""
        shares = parts["train"].double().mean(0).tolist()
        for share, amount in ((1, "every image"), (0, "no image")):
            if names := [name for name, each in zip(self.classes, shares, strict=True) if each == share]:
                yield f"{amount} of the training part has {list_names(names)}, of which nothing can be learned"

    @property
    def fits_outputs(self) -> bool:
        return self.setting.threshold is None

    def fit_outputs(self, outputs: Tensor, targets: Tensor) -> Fitted:
        """Return for each class the threshold with the highest F1, midway between two probabilities."""
        chances = outputs.double().sigmoid().cpu()
        curves = compute_precision_recall(chances, targets.cpu())
        return {"thresholds": tuple(UNFITTED if curve is None else curve.find_best_threshold() for curve in curves)}

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > 0) == targets.bool()).sum()

    def finish_measure(self, mean: float) -> float:
        return mean / len(self.classes)

    def make_meter(self, loss: Loss) -> MultilabelMeter:
        return MultilabelMeter(loss, self.classes, self.thresholds)

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        return [self._answer(row, top) for row in outputs.double().sigmoid().cpu()]

    def _answer(self, chances: Tensor, top: int) -> ShownClasses:
        order = chances.argsort(descending=True, stable=True).tolist()
        scored = [ScoredClass(self.classes[place], place, float(chances[place])) for place in order]
        shown = tuple(each for each in scored if each.probability > self.thresholds[each.index])
        return ShownClasses(shown, tuple(scored[:top]))


@dataclass(frozen=True)
class ShownClasses(Answer):
    """The classes of an image that are above their thresholds, and the likeliest ones, the likeliest first."""

    shown: tuple[ScoredClass, ...]
    top: tuple[ScoredClass, ...]

    def describe(self) -> list[str]:
        if not self.shown:
            best = self.top[0]
            return [f"none; the likeliest is {escape_unprintable(best.name)}  {best.probability:.2%}"]
        names = [escape_unprintable(each.name) for each in self.shown]
        width = max(map(len, names))
        return [f"{name:{width}}  {each.probability:7.2%}" for name, each in zip(names, self.shown, strict=True)]

    def to_record(self) -> dict[str, Any]:
        return {"shown": [each.name for each in self.shown], "top": [each.to_record() for each in self.top]}

    def to_rows(self) -> list[Mapping[str, Any]]:
        """Return a row for each class that is told, or an empty one, so that no image is left out."""
        rows = [{"class": each.name, "index": each.index, "probability": each.probability} for each in self.shown]
        return [*rows] or [{"class": "", "index": "", "probability": ""}]


@dataclass(frozen=True)
class MultilabelResults(Results):
    """Results on a part: probabilities float64 N×K, which classes are shown, uint8 N×K, and K thresholds."""

    loss: float
    classes: tuple[str, ...]
    probabilities: Tensor
    shown: Tensor
    thresholds: tuple[float, ...]

    def __repr__(self) -> str:
        score = "unknown" if self.scores["map"] is None else f"{self.scores['map']:.2%}"
        return f"MultilabelResults(mAP {score} of {self.images:,}, loss {self.loss:.4f})"

    @property
    def images(self) -> int:
        return len(self.shown)

    @property
    def counts(self) -> tuple[Tensor, Tensor, Tensor]:
        """How often each class is rightly told, told, and shown, float64 K."""
        told = self.probabilities > torch.tensor(self.thresholds, dtype=torch.float64)
        shown = self.shown.bool()
        return tuple(each.double().sum(0) for each in (told & shown, told, shown))  # type: ignore[return-value]

    @property
    def curves(self) -> list[PrecisionRecall | None]:
        return compute_precision_recall(self.probabilities, self.shown)

    @property
    def per_class(self) -> dict[str, dict[str, float | int | None]]:
        """Images, average precision, threshold, precision, recall and F1 of each class; None where one is undefined."""
        right, told, shown = (each.tolist() for each in self.counts)
        columns = zip(self.classes, self.curves, self.thresholds, right, told, shown, strict=True)
        return {
            name: {
                **describe_decisions(rights, shows, tells),
                "average_precision": curve.average_precision if curve else None,
                "threshold": threshold,
            }
            for name, curve, threshold, rights, tells, shows in columns
        }

    @property
    def scores(self) -> Mapping[str, float | None]:
        classes = self.per_class.values()
        right, told, shown = (float(each.sum()) for each in self.counts)
        return {
            "map": mean_of_known(each["average_precision"] for each in classes),
            "f1_macro": mean_of_known(each["f1"] for each in classes),
            "f1_micro": divide(2 * right, told + shown),
        }

    def describe_scores(self) -> list[tuple[str, str]]:
        names = (("mAP", "map"), ("F1, mean of classes", "f1_macro"), ("F1, all decisions", "f1_micro"))
        scores = self.scores
        return [(title, format_share(scores[name])) for title, name in names] + self._describe_unknown()

    def _describe_unknown(self) -> list[tuple[str, str]]:
        """Return a row about classes that no image shows, which have no average precision."""
        absent = [name for name, count in zip(self.classes, self.shown.sum(0).tolist(), strict=True) if not count]
        return [("left out of mAP", f"{', '.join(absent)}: no image shows it")] if absent else []

    def summarize(self) -> dict[str, Any]:
        return {**super().summarize(), "per_class": self.per_class}

    def make_tables(self) -> list[Table]:
        """Return the figures of each class, that of the worst average precision first."""
        keys = ("average_precision", "precision", "recall", "f1")
        known = sorted(self.per_class.items(), key=lambda pair: pair[1]["average_precision"] or 0.0)
        rows = [
            (name, f"{each['images']:,}", *(format_share(each[key]) for key in keys), f"{each['threshold']:.3f}")
            for name, each in known
        ]
        heads = ("class", "images", "average precision", "precision", "recall", "F1", "threshold")
        return [Table("", heads, rows, range(1, len(heads)))]

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        return {"precision-recall.png": render(self.plot(title, note), "png")}

    def plot(self, title: str, note: Note) -> Figure:
        """Return the precision-recall curves of the classes as a figure."""
        curves = {name: curve for name, curve in zip(self.classes, self.curves, strict=True) if curve}
        return plot_precision_recall(
            curves, f"{title}: mAP {format_share(self.scores['map'])} of {self.images:,}", note
        )


class MultilabelMeter(Meter):
    """Collects outputs and targets B×K."""

    def __init__(self, loss: Loss, classes: tuple[str, ...], thresholds: tuple[float, ...]) -> None:
        super().__init__(loss)
        self._classes, self._thresholds = classes, thresholds
        self._outputs, self._targets = list[Tensor](), list[Tensor]()

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        self._outputs.append(outputs)
        self._targets.append(targets)

    def compute(self) -> MultilabelResults:
        probabilities = torch.cat(self._outputs).double().sigmoid().cpu()
        shown = torch.cat(self._targets).to(torch.uint8).cpu()
        return MultilabelResults(self.mean_loss(), self._classes, probabilities, shown, self._thresholds)
