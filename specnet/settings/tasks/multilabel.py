"""task multilabel: which of the classes an image shows, any number of them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from specnet.settings.loss import BinaryCrossEntropy, Loss, Target
from specnet.settings.task import Metric, Shape, Task, require_one_input, require_vector


class Multilabel(Task):
    """Any number of classes for each image, measured by the mean of the classes' average precisions (mAP).

    A class is told of an image if its probability is above `threshold`; without one, each class has the threshold with
    the highest F1 on the validation part, and 0.5 where there is no such part.
    """

    target: ClassVar[Target] = Target.CLASSES
    metric: ClassVar[Metric] = Metric("map", "mAP", is_share=True)

    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None

    @property
    def default_loss(self) -> Loss:
        return BinaryCrossEntropy()

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        return require_one_input(inputs) or require_vector(output, "a score for each class")
