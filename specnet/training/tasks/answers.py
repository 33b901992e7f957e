"""What a network says of an image, whatever the task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet.training.data.image_decoding import ImageFormat


@dataclass(frozen=True)
class ScoredClass:
    """A class with its index and its probability according to the network."""

    name: str
    index: int
    probability: float

    def to_record(self) -> dict[str, Any]:
        return {"class": self.name, "index": self.index, "probability": self.probability}


class Answer(ABC):
    """What a network says of one image; `top` are its likeliest classes, if it tells any, the likeliest first."""

    top: tuple[ScoredClass, ...] = ()

    @abstractmethod
    def describe(self) -> list[str]:
        """Return lines for people."""

    @abstractmethod
    def to_record(self) -> dict[str, Any]:
        """Return plain values for JSON."""

    @abstractmethod
    def to_rows(self) -> list[Mapping[str, Any]]:
        """Return the rows of a table, each with its cells by column."""

    def draw(self, image: Path, form: ImageFormat) -> Mapping[str, bytes]:
        """Return pictures, as PNG by what stands behind the image's name in that of their file; most have none.

        The network has read the file in this form; raises BadImage where it cannot be read again.
        """
        return {}


@dataclass(frozen=True)
class Prediction:
    """The answer to an image file."""

    image: Path
    answer: Answer

    @property
    def top(self) -> tuple[ScoredClass, ...]:
        """The likeliest classes, the first one first; none where the task names no classes."""
        return self.answer.top

    def __repr__(self) -> str:
        return (
            f"Prediction({str(self.image)!r}: {', '.join(' '.join(line.split()) for line in self.answer.describe())})"
        )
