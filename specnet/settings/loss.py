"""loss: the function that training minimises, `loss cross_entropy smoothing=0.1`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specnet.attributes import BelowOne, Positive, Setting


def _to_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


ClassWeights = Literal["balanced"] | tuple[Positive, ...]
"""A factor for each class, or `balanced`: all classes count alike."""


class Target(StrEnum):
    """What each image of the data comes with, as a noun for messages."""

    CLASS = "one class"
    CLASSES = "any number of classes"
    NUMBERS = "numbers"
    MASK = "a mask with the class of each pixel"
    IMAGE = "the image itself"
    PAIR = "a second image, and whether both are of one class"


class Loss(Setting):
    """A number for each image that is smaller the better the outputs fit its target."""

    targets: ClassVar[frozenset[Target]]
    """The targets that the outputs can be compared with."""

    applies_softmax: ClassVar[bool] = False
    """Whether the loss takes a softmax of the outputs itself, so that a network must not end in one."""

    @property
    def class_weights(self) -> ClassWeights | None:
        """The factors of the classes in the mean, for a loss that has them."""
        return None


class CrossEntropy(Loss):
    """−log softmax of the label's output; `smoothing` spreads that much of the label evenly over all outputs.

    `weights` are factors of the classes in the mean: a number for each, or `balanced`: all classes count alike.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS, Target.MASK})
    applies_softmax: ClassVar[bool] = True

    smoothing: BelowOne = 0.0
    weights: Annotated[ClassWeights, BeforeValidator(_to_tuple)] | None = Field(
        None, description="factor of each class, as [1, 2.5], or `balanced`"
    )

    @property
    def class_weights(self) -> ClassWeights | None:
        return self.weights


BINARY = "yes or no are two classes with an output each: end the network in 2 outputs, and take `cross_entropy`"
REGRESSION = "a network is trained to tell classes apart, which `cross_entropy` measures"
LOG_SOFTMAX = "`cross_entropy` takes the log softmax itself, so that the network ends in plain outputs"

ABSENT: Mapping[str, str] = {
    **dict.fromkeys(("bce", "bcewithlogits", "binarycrossentropy", "logistic", "sigmoidcrossentropy"), BINARY),
    **dict.fromkeys(
        ("mse", "meansquarederror", "l1", "mae", "meanabsoluteerror", "l2", "smoothl1", "huber"), REGRESSION
    ),
    **dict.fromkeys(("nll", "negativeloglikelihood", "logsoftmax", "softmaxwith"), LOG_SOFTMAX),
}
"""What to do instead of a loss that is not here, by its name in lower case without underscores and a final `loss`."""

CHOICES: Mapping[str, type[Loss]] = {
    "cross_entropy": CrossEntropy,
}
