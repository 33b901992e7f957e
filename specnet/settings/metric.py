"""metric: the figure that chooses the best epoch in the place of the task's, `metric f1`; plugins add them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from specnet.attributes import Setting
from specnet.settings.registration import Choices


class Metric(Setting):
    """A number for the outputs and targets of a whole part of the data."""

    required: ClassVar[tuple[str, ...]] = ("compute",)

    larger_is_better: ClassVar[bool] = True

    def compute(self, outputs: Any, targets: Any) -> Any:
        """Return the number for outputs N×… and targets N×…, tensors on the CPU."""
        raise NotImplementedError


OWN: Mapping[str, type[Metric]] = {}

CHOICES: Mapping[str, type[Metric]] = Choices("metric", Metric, OWN)
