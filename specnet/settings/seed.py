"""seed: the seed of all random numbers, `seed 1`: starting weights, order, augmentation, dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specnet.attributes import LARGEST, Setting


class Seed(Setting):
    """The same seed gives the same run."""

    positional = ("value",)

    value: Annotated[int, Field(ge=0, le=LARGEST)] = 0


CHOICES: Mapping[str, type[Seed]] = {"": Seed}
