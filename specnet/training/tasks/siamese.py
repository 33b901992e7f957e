"""task siamese: pairs of images, a score or the distance of embeddings for each, and whether both are of one class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from specnet.printable import escape_unprintable
from specnet.settings.task import Metric
from specnet.settings.tasks.siamese import Siamese
from specnet.training.distributed import Network
from specnet.training.figures.pair_scores import plot_pair_scores
from specnet.training.figures.rendering import Note, render
from specnet.training.metrics.pairs import compute_auc, find_best_threshold
from specnet.training.optim.losses import Loss, measure_distances
from specnet.training.randomness import make_generator
from specnet.training.tasks.answers import Answer
from specnet.training.tasks.objective import Fitted, Objective, Outputs, PreparedBatch
from specnet.training.tasks.results import Meter, Results, Table
from specnet.training.transforms.normalization import Normalizer

MOST_ALONE = 0.1
"""The share of images without another one of their class that a part has without a warning."""


@dataclass(frozen=True)
class SiameseObjective(Objective):
    """Pairs, whose first images come first in a batch of 2·B, and their partners in the same order.

    With a score, outputs are B×1 and targets int64 B, 1 for one class. With embeddings, outputs are B×2×D and targets
    the labels of both, int64 B×2. `fitted` has the `threshold` of the scores, which are distances with a minus sign.
    """

    measure: ClassVar[Metric] = Siamese.metric

    @property
    def threshold(self) -> float | None:
        """The score above which two images are of one class; None for embeddings before it is chosen."""
        return self.fitted["threshold"][0] if "threshold" in self.fitted else None if self.loss.embeds else 0.0

    def draw_partners(self, labels: Tensor, seed: int, epoch: int | None) -> Tensor:
        """Return the partner of each image, int64 N: of one half of them one of its class, of the other of another."""
        return draw_partners(labels, make_generator(seed, "partners", -1 if epoch is None else epoch))

    def explain_unlearnable(self, targets: Tensor) -> str:
        """Return that there are no pairs of one class, or none of different classes, to train on."""
        problem = _explain_single_kind(targets)
        return problem and f"the training part has {problem}, and `task siamese` learns to tell both kinds apart"

    def list_warnings(self, parts: Mapping[str, Tensor]) -> Iterator[str]:
        """Yield a sentence for each part with many images that only make pairs of different classes."""
        for name, targets in parts.items():
            alone = int((targets.bincount() == 1).sum())
            if problem := _explain_single_kind(targets):
                yield f"the {name} part has {problem}, so that its accuracy says nothing of the other kind"
            elif alone > MOST_ALONE * len(targets):
                yield (
                    f"{alone:,} of {len(targets):,} images of the {name} part are the only ones of their class, "
                    "and stand in pairs of different classes alone"
                )

    def prepare(self, pixels: Tensor, targets: Tensor, normalizer: Normalizer, places: Tensor | None) -> PreparedBatch:
        pairs = len(pixels) // 2
        labels = torch.stack([targets[:pairs], targets[pairs : 2 * pairs]], 1)
        inputs = normalizer(pixels[:pairs]), normalizer(pixels[pairs : 2 * pairs])
        return PreparedBatch(inputs, labels if self.loss.embeds else _are_same(labels).long())

    def forward(self, network: Network, inputs: Sequence[Tensor]) -> Outputs:
        if not self.loss.embeds:
            return super().forward(network, inputs)
        outputs = network(torch.cat(list(inputs)))
        return tuple(map(_pair_up, outputs)) if isinstance(outputs, tuple) else _pair_up(outputs)

    def score(self, outputs: Tensor) -> Tensor:
        """Return the score of each pair, float B, which is higher for one class."""
        return -measure_distances(outputs[:, 0], outputs[:, 1]) if self.loss.embeds else outputs[:, 0]

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Count the pairs that are rightly told; of embeddings, by the median of the distances, as half are alike."""
        scores = self.score(outputs)
        threshold = scores.median() if self.loss.embeds else 0
        return ((scores > threshold) == _are_same(targets)).sum()

    @property
    def fits_outputs(self) -> bool:
        return self.loss.embeds

    def fit_outputs(self, outputs: Tensor, targets: Tensor) -> Fitted:
        """Return the threshold of the distances with the highest accuracy."""
        return {"threshold": (find_best_threshold(self.score(outputs).cpu(), _are_same(targets).cpu()),)}

    def make_meter(self, loss: Loss) -> PairMeter:
        return PairMeter(loss, self)

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        return [PairAnswer(score, self.threshold, self.loss.embeds) for score in self.score(outputs).tolist()]


def _explain_single_kind(labels: Tensor) -> str:
    """Return why all pairs of int64 N labels are of one kind; "" where both kinds are among them."""
    counts = labels.bincount()
    if int(counts.max()) < 2:
        return "one image of each class, so that no pair is of one class"
    return "images of one class alone, so that no pair is of different classes" if (counts > 0).sum() < 2 else ""


def _are_same(targets: Tensor) -> Tensor:
    """Return which pairs are of one class, bool B, for B or labels B×2."""
    return targets[:, 0] == targets[:, 1] if targets.dim() == 2 else targets.bool()


def _pair_up(outputs: Tensor) -> Tensor:
    """Return B×2×D for 2·B×D, whose second half belongs to the partners."""
    return torch.stack(outputs.chunk(2), 1)


def draw_partners(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return another image for each one of int64 N labels: of the same class for one half, drawn at random.

    An image that is alone in its class gets one of another class, and in a set of one class all are of it.
    """
    number, order = len(labels), labels.argsort(stable=True)
    counts = labels.bincount()
    sizes, starts = counts[labels], (counts.cumsum(0) - counts)[labels]
    ranks = torch.empty_like(order).scatter_(0, order, torch.arange(number)) - starts
    steps, others = (_draw_below(limits, generator) for limits in (sizes - 1, number - sizes))
    same = starts + (ranks + 1 + steps) % sizes
    different = others + (others >= starts) * sizes
    wanted = torch.randperm(number, generator=generator) % 2 == 0
    is_same = (wanted & (sizes > 1)) | (sizes == number)
    return order[torch.where(is_same, same, different.clamp(max=number - 1))]


def _draw_below(limits: Tensor, generator: torch.Generator) -> Tensor:
    """Return random whole numbers from 0 to below each of the limits, 0 where there is no such number."""
    fractions = torch.rand(len(limits), generator=generator, dtype=torch.float64)
    return (fractions * limits).long().minimum(limits - 1).clamp(min=0)


@dataclass(frozen=True)
class PairAnswer(Answer):
    """What a network says of two images: a score, and whether they are of one class, if there is a threshold.

    The score of embeddings is their distance with a minus sign. `other` is the name of the second image.
    """

    score: float
    threshold: float | None
    is_distance: bool
    other: str = ""

    @property
    def same(self) -> bool | None:
        """Whether both are of one class; None without a threshold."""
        return None if self.threshold is None else self.score > self.threshold

    def describe(self) -> list[str]:
        name, value = ("distance", -self.score) if self.is_distance else ("score", self.score)
        verdict = {True: "one class", False: "different classes", None: "no threshold to go by"}[self.same]
        return [f"and {escape_unprintable(self.other)}: {verdict}, {name} {value:.4g}"]

    def to_record(self) -> dict[str, Any]:
        value = {"distance": -self.score} if self.is_distance else {"score": self.score}
        return {"other": self.other, "same": self.same, **value}

    def to_rows(self) -> list[Mapping[str, Any]]:
        return [self.to_record()]


@dataclass(frozen=True)
class PairResults(Results):
    """Results on pairs: their scores float N, and whether each is of one class, bool N."""

    loss: float
    pair_scores: Tensor = field(repr=False)
    same: Tensor = field(repr=False)
    threshold: float
    is_distance: bool

    @property
    def images(self) -> int:
        return len(self.same)

    @property
    def accuracy(self) -> float:
        return float(((self.pair_scores > self.threshold) == self.same).double().mean())

    @property
    def scores(self) -> Mapping[str, float | None]:
        chosen = {"threshold": -self.threshold} if self.is_distance else {}
        return {"accuracy": self.accuracy, "auc": compute_auc(self.pair_scores, self.same), **chosen}

    def describe_scores(self) -> list[tuple[str, str]]:
        area = self.scores["auc"]
        known = "not defined: all pairs are of one kind" if area is None else f"{area:.4f}"
        limit = [("distance", f"below {-self.threshold:.4g} for one class")] if self.is_distance else []
        return [("accuracy", f"{self.accuracy:.2%} of pairs"), ("AUC", known), *limit]

    def make_tables(self) -> list[Table]:
        """Return how many pairs of each kind are rightly told."""
        told = self.pair_scores > self.threshold
        kinds = (("one class", self.same, told), ("different classes", ~self.same, ~told))
        rows = [(name, f"{int(there.sum()):,}", _share(right & there, there)) for name, there, right in kinds]
        return [Table("", ("pairs of", "number", "rightly told"), rows, (1, 2))]

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        values, limit = (self.pair_scores, self.threshold)
        sign, name = (-1, "distance") if self.is_distance else (1, "score")
        kinds = {"one class": sign * values[self.same], "different classes": sign * values[~self.same]}
        figure = plot_pair_scores(kinds, sign * limit, name, f"{title}: {self.accuracy:.2%} of {self.images:,} pairs")
        return {"pairs.png": render(figure, "png")}


def _share(some: Tensor, of: Tensor) -> str:
    return f"{float(some.sum()) / int(of.sum()):.2%}" if of.any() else "–"


class PairMeter(Meter):
    """Collects scores; without a chosen threshold, that of the highest accuracy on these pairs counts."""

    def __init__(self, loss: Loss, objective: SiameseObjective) -> None:
        super().__init__(loss)
        self._objective = objective
        self._scores, self._same = list[Tensor](), list[Tensor]()

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        self._scores.append(self._objective.score(outputs))
        self._same.append(_are_same(targets))

    def compute(self) -> PairResults:
        scores, same = torch.cat(self._scores).cpu(), torch.cat(self._same).cpu()
        chosen = self._objective.threshold
        threshold = find_best_threshold(scores, same) if chosen is None else chosen
        return PairResults(self.mean_loss(), scores, same, threshold, self._objective.loss.embeds)
