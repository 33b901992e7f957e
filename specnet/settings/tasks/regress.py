"""task regress: one or several numbers for each image, such as an angle or a place."""

from __future__ import annotations

from typing import ClassVar

from specnet.settings.loss import Loss, Mse, Target
from specnet.settings.task import Metric, Shape, Task, require_one_input, require_vector


class Regress(Task):
    """Numbers for each image in any units, measured by the root of their mean squared error.

    The network learns them less their mean, over their standard deviation, and what it predicts is in their units.
    """

    target: ClassVar[Target] = Target.NUMBERS
    metric: ClassVar[Metric] = Metric("rmse", "RMSE", larger_is_better=False)
    noun: ClassVar[str] = "number"

    @property
    def default_loss(self) -> Loss:
        return Mse()

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        return require_one_input(inputs) or require_vector(output, "each number")
