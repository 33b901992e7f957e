"""Results of a network on a part of the data: scores, tables and pictures, whatever the task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from specnet.training.figures.rendering import Note
from specnet.training.optim.losses import Loss


@dataclass(frozen=True)
class Table:
    """A table of results for people: a line above it, its head, and its rows; `numbers` are columns flush right."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()


class Results(ABC):
    """Results on a part of the data; `loss` is the mean over its `images`."""

    loss: float

    @property
    @abstractmethod
    def images(self) -> int:
        """The number of images."""

    @property
    @abstractmethod
    def scores(self) -> Mapping[str, float | None]:
        """The task's metric and others by name; None where one is not defined, as the mean over no images."""

    @abstractmethod
    def describe_scores(self) -> list[tuple[str, str]]:
        """Return the names and values of the scores for people."""

    def summarize(self) -> dict[str, Any]:
        """Return the results for summary.json, of bounded size."""
        return {"images": self.images, "loss": self.loss, **self.scores}

    def to_record(self) -> dict[str, Any]:
        """Return all results as plain values for JSON."""
        return self.summarize()

    def make_tables(self) -> list[Table]:
        """Return what is known beyond the scores, such as the accuracy of each class."""
        return []

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        """Return pictures, as PNG by the names of their files; `note` is told where names are written as numbers."""
        return {}


class Meter(ABC):
    """Collects batches of outputs and targets, without waiting for the device, and computes the results on them."""

    def __init__(self, loss: Loss) -> None:
        self._loss = loss
        self._losses: list[Tensor] = []
        self.images = 0

    def add(self, outputs: Tensor, targets: Tensor) -> None:
        """Add outputs B×… and targets B×…."""
        self.images += len(targets)
        self._losses.append(self._loss(outputs, targets).double() * len(targets))
        self._count(outputs, targets)

    def mean_loss(self) -> float:
        return torch.stack(self._losses).sum().item() / self.images

    @abstractmethod
    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        """Count a batch."""

    @abstractmethod
    def compute(self) -> Results:
        """Return the results over all batches, at least one."""


def measure_batches(meter: Meter, batches: Iterable[tuple[Tensor, Tensor]]) -> Results:
    """Return the results over batches of outputs B×… and targets B×…, at least one."""
    for outputs, targets in batches:
        meter.add(outputs, targets)
    return meter.compute()


def mean_of_known(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def format_share(share: float | None) -> str:
    """Return `71.20%`; a dash where it is not defined."""
    return "–" if share is None else f"{share:.2%}"
