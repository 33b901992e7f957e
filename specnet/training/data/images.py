"""Labelled images: `Images`, and the parts of a set: `DataSet`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Stored:
    """Pixels that are not where they are computed with: those of a batch are gathered when they are wanted.

    `source` is uint8 M×H×W×C, a file mapped into memory or the memory of the host, `rows` (int64 N, on the CPU) are
    the images of it that are meant, `workers` the threads that gather them.
    """

    source: Tensor
    rows: Tensor
    workers: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self.rows), *self.source.shape[1:]))

    @property
    def nbytes(self) -> int:
        return self.shape.numel()

    def take(self, index: Tensor) -> Stored:
        return Stored(self.source, self.rows[index], self.workers)

    def __getitem__(self, index: slice | Tensor) -> Tensor:
        """A copy of these images in memory, uint8 B×H×W×C."""
        return self.gather(index)

    def gather(self, index: slice | Tensor, pinned: bool = False) -> Tensor:
        """The same, if wished in memory that a GPU reads without waiting; by numpy, which lets other threads run."""
        rows = self.rows[index]
        batch = torch.empty((len(rows), *self.source.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
        np.take(self.source.numpy(), rows.numpy(), axis=0, out=batch.numpy(), mode="clip")
        return batch


Pixels = Tensor | Stored
"""uint8 N×H×W×C."""


@dataclass(frozen=True)
class Images:
    """`pixels` is uint8 N×H×W×C, `labels` int64 N."""

    pixels: Pixels
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Images:
        """The images of an index or mask."""
        pixels = self.pixels.take(index) if isinstance(self.pixels, Stored) else self.pixels[index]
        return Images(pixels, self.labels[index])


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
