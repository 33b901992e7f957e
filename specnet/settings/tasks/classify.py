"""task classify: which one of the classes an image shows; the task of a spec that names none."""

from __future__ import annotations

from typing import ClassVar

from specnet.settings.loss import CrossEntropy, Loss, Target
from specnet.settings.task import Metric, Shape, Task, require_one_input, require_vector


class Classify(Task):
    """One class for each image, measured by the share of images whose class has the highest output."""

    target: ClassVar[Target] = Target.CLASS
    metric: ClassVar[Metric] = Metric("accuracy", "accuracy", is_share=True)
    takes_spare_outputs: ClassVar[bool] = True

    @property
    def default_loss(self) -> Loss:
        return CrossEntropy()

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        return require_one_input(inputs) or require_vector(output, "a score for each class")
