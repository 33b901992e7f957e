"""epochs: the number of passes over the training images, `epochs 30`; `epochs 9.9` ends within the tenth."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.attributes import Positive, Setting


class Epochs(Setting):
    """The length of the run."""

    positional = ("count",)

    count: Positive = 10.0


CHOICES: Mapping[str, type[Epochs]] = {"": Epochs}
