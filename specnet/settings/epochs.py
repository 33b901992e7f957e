"""epochs: the number of passes over the training images, `epochs 30`; `epochs 9.9` ends within the tenth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specnet.attributes import Setting

MOST_EPOCHS = 1_000_000
"""More would be a slip of the keys."""


class Epochs(Setting):
    """The length of the run."""

    positional = ("count",)

    count: Annotated[float, Field(gt=0, le=MOST_EPOCHS)] = 10.0


CHOICES: Mapping[str, type[Epochs]] = {"": Epochs}
