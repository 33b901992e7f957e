"""batch: how many images make one step, `batch 128`."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.attributes import Count
from specnet.settings.base import Setting


class Batch(Setting):
    """What is left at an epoch's end is a smaller step; a single image, which has no variance, is left out."""

    positional = ("size",)

    size: Count = 128


CHOICES: Mapping[str, type[Batch]] = {"": Batch}
