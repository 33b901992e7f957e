"""split: how much of the training images is set aside to choose by, `split validation=5000`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specnet.attributes import LARGEST
from specnet.settings.base import Setting


class Split(Setting):
    """Sets aside a stratified part, the same for every seed, so that runs are compared on the same images."""

    validation: Annotated[int, Field(ge=1, le=LARGEST, strict=True)] | Annotated[float, Field(gt=0, lt=1)]
    """How many images, or which fraction of them."""


CHOICES: Mapping[str, type[Split]] = {"": Split}
