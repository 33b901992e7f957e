"""Labelled images in memory: `Images`, and the parts of a set: `DataSet`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Images:
    """`pixels` is uint8 N×H×W×C, `labels` int64 N."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Images:
        return Images(self.pixels[index], self.labels[index])

    def to(self, device: torch.device) -> Images:
        return Images(self.pixels.to(device), self.labels.to(device))


@dataclass(frozen=True)
class DataSet:
    """The parts of a set and the names of its classes, in the order of their labels."""

    classes: tuple[str, ...]
    train: Images
    validation: Images | None = None
    test: Images | None = None

    def each(self, change: Callable[[Images], Images]) -> DataSet:
        """The same set with every part changed."""
        validation, test = (part and change(part) for part in (self.validation, self.test))
        return DataSet(self.classes, change(self.train), validation, test)

    def parts(self) -> dict[str, Images]:
        """The parts that there are, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}
