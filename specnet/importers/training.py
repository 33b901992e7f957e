"""The `train` section of a network whose source counts in batches: an optimizer, a schedule, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from specnet.attributes import Setting
from specnet.layers.base import Shape
from specnet.settings import Training, get_choices


class DataSet(NamedTuple):
    """A data set that paths are called after: the shape of its images if they all have one, and their number."""

    shape: Shape | None
    images: int


DATA_SETS: Mapping[str, DataSet] = {
    "mnist": DataSet((28, 28, 1), 60_000),
    "cifar": DataSet((32, 32, 3), 50_000),
    "ilsvrc": DataSet(None, 1_281_167),
    "imagenet": DataSet(None, 1_281_167),
}
"""Their names, and the training images that they have."""

PAIRS = "siamese"
"""In a path, the word for pictures of two images each."""


def find_data_set(text: str) -> DataSet:
    """Return the data set that a path is called after; one of no images for one that is unknown."""
    found = (each for name, each in DATA_SETS.items() if name in text.lower() and PAIRS not in text.lower())
    return next(found, DataSet(None, 0))


@dataclass
class BatchCount:
    """A training that is counted in batches, and what a `train` section cannot say of it."""

    batch: int = 0
    parts: int = 1
    """In which a batch is computed."""
    images: int = 0
    """Of the data set, 0 if it is not known."""
    most: int = 0
    """The batches of the whole training."""
    settings: dict[str, Setting] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def set(self, line: str, word: str, values: Mapping[str, Any]) -> None:
        """Add a line of the section; what it does not take becomes a remark."""
        given = {name: value for name, value in values.items() if value is not None}
        try:
            self.settings[line] = get_choices(line)[word].model_validate(given)
        except ValidationError:
            said = ", ".join(f"{name}={value}" for name, value in given.items())
            self.remarks.append(f"`{line} {word}` does not take {said}")

    def to_epochs(self, batches: float) -> float:
        """Return a number of batches in epochs."""
        return round(batches * self.batch / self.images, 2)

    @property
    def has_epochs(self) -> bool:
        return bool(self.batch and self.images)

    def step(self, at: Sequence[float], every: float, decay: float) -> None:
        """Add a schedule that multiplies the rate after given batches, or after every so many."""
        if not self.has_epochs:
            what = f"after {', '.join(f'{each:g}' for each in at)}" if at else f"after every {every:g}"
            self.remarks.append(f"the learning rate is multiplied by {decay:g} {what} batches; a schedule has epochs")
        elif at:
            self.set("schedule", "step", {"decay": decay, "at": [self.to_epochs(each) for each in at]})
        else:
            self.set("schedule", "step", {"decay": decay, "every": self.to_epochs(every)})

    def finish(self) -> Training | None:
        """Return the section; None if nothing is known of it."""
        if self.batch:
            self.set("batch", "", {"size": self.batch, "accumulate": self.parts if self.parts > 1 else None})
        if self.has_epochs and self.most:
            self.set("epochs", "", {"count": self.to_epochs(self.most)})
            self.remarks.append(
                f"the epochs are those of {self.images:,} images, {self.most:,} batches of {self.batch}"
            )
        elif self.most:
            self.remarks.append(f"the training takes {self.most:,} batches; their epochs depend on the data")
        return Training.model_validate(self.settings) if self.settings else None
