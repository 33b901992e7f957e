"""batch: how many images make one step, `batch 128`, `batch 1024 drop_last`, `batch 512 accumulate=4`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.settings.base import Setting


class Batch(Setting):
    """What is left at an epoch's end is a smaller step; a single image, which has no variance, is left out.

    With `drop_last` all that is left is left out. With `accumulate=n` a step goes through its images in n parts, whose
    gradients are added up: n times less memory.
    """

    positional = ("size",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"drop_last": ("drop_last", True)}

    size: Count = 128
    drop_last: bool = False
    accumulate: Count = Field(1, description="parts that a step is computed in")


CHOICES: Mapping[str, type[Batch]] = {"": Batch}
