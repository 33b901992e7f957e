"""batch: the images of a step, `batch 128`, `batch 1024 drop_last`, `batch 512 accumulate=4`, `batch 64 balanced`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from specnet.attributes import Count, Setting


class Batch(Setting):
    """The rest of an epoch is a smaller step; a single remaining image, which has no variance, is left out.

    With `drop_last`, any rest is left out. With `accumulate=n`, a step computes its images in n parts and adds up their
    gradients, in n times less memory. With `balanced`, all classes are drawn alike: an epoch has as many images as the
    data, those of rare classes several times, and not all of frequent ones.
    """

    positional = ("size",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {
        "drop_last": ("drop_last", True),
        "balanced": ("balanced", True),
    }

    size: Count = 128
    drop_last: bool = False
    balanced: bool = False
    accumulate: Count = Field(1, description="parts that a step is computed in")

    @property
    def part(self) -> int:
        """The most images that are computed at once."""
        return -(-self.size // self.accumulate)


CHOICES: Mapping[str, type[Batch]] = {"": Batch}
