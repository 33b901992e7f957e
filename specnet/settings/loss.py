"""loss: the function that training minimises, `loss cross_entropy smoothing=0.1`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specnet.attributes import BelowOne, NonNegative, Positive, Probability, Setting


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


class Squashing(StrEnum):
    """What a loss takes of the outputs itself, so that a network must not end in it."""

    SOFTMAX = "a softmax"
    SIGMOID = "a sigmoid"


class Loss(Setting):
    """A number for each image that is smaller the better the outputs fit its target."""

    targets: ClassVar[frozenset[Target]]
    """The targets that the outputs can be compared with."""

    def explain_misuse(self, target: Target) -> str:
        """Return a sentence about an attribute that has no meaning for this target; "" where there is none."""
        return ""

    def squashing(self, target: Target) -> Squashing | None:
        """Return what the loss takes of the outputs itself."""
        return None

    @property
    def class_weights(self) -> ClassWeights | None:
        """The factors of the classes in the mean, for a loss that has them."""
        return None


class CrossEntropy(Loss):
    """−log softmax of the label's output; `smoothing` spreads that much of the label evenly over all outputs.

    `weights` are factors of the classes in the mean: a number for each, or `balanced`: all classes count alike.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS, Target.MASK})

    smoothing: BelowOne = 0.0
    weights: Annotated[ClassWeights, BeforeValidator(_to_tuple)] | None = Field(
        None, description="factor of each class, as [1, 2.5], or `balanced`"
    )

    def squashing(self, target: Target) -> Squashing:
        return Squashing.SOFTMAX

    @property
    def class_weights(self) -> ClassWeights | None:
        return self.weights


class BinaryCrossEntropy(Loss):
    """−log sigmoid of the output of what is there, −log(1 − sigmoid) of what is not; the mean over all outputs.

    `weights` are factors of the images that show a class, against those that do not: a number for each class, or
    `balanced`: both weigh alike.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASSES})

    weights: Annotated[ClassWeights, BeforeValidator(_to_tuple)] | None = Field(
        None, description="factor of the images that show a class, for each class, as [1, 2.5], or `balanced`"
    )

    def squashing(self, target: Target) -> Squashing:
        return Squashing.SIGMOID

    @property
    def class_weights(self) -> ClassWeights | None:
        return self.weights


class Focal(Loss):
    """Cross-entropy times (1 − p)^gamma, p being the probability of what is true (Lin et al. 2017).

    Where an image shows one class, p is by a softmax; where it may show several, by a sigmoid for each. `alpha` weighs
    the classes that an image shows, and 1 − `alpha` those that it does not.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS, Target.CLASSES, Target.MASK})

    gamma: NonNegative = 2.0
    alpha: Probability | None = None

    def explain_misuse(self, target: Target) -> str:
        if self.alpha is None or target is Target.CLASSES:
            return ""
        return f"`alpha` weighs the classes that an image shows against the others, and images come with {target}"

    def squashing(self, target: Target) -> Squashing:
        return Squashing.SIGMOID if target is Target.CLASSES else Squashing.SOFTMAX


class Mse(Loss):
    """The mean of the squared differences."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.NUMBERS})


class Mae(Loss):
    """The mean of the absolute differences."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.NUMBERS})


class Huber(Loss):
    """Half the squared difference up to `delta`, and beyond it as steep as there (Huber 1964); the mean."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.NUMBERS})

    delta: Positive = 1.0


LOG_SOFTMAX = "`cross_entropy` takes the log softmax itself, so that the network ends in plain outputs"
BINARY = (
    "with `task multilabel` it is `binary_cross_entropy`; yes or no are two classes, which end the network in 2 "
    "outputs with `cross_entropy`"
)
SMOOTH = "it is `huber`, with the place where it becomes straight as `delta`"

ABSENT: Mapping[str, str] = {
    **dict.fromkeys(("bce", "bcewithlogits", "binarycrossentropy", "logistic", "sigmoidcrossentropy"), BINARY),
    **dict.fromkeys(("mse", "meansquarederror", "l2"), "it is `mse`"),
    **dict.fromkeys(("mae", "l1", "meanabsoluteerror"), "it is `mae`"),
    "smoothl1": SMOOTH,
    **dict.fromkeys(("nll", "negativeloglikelihood", "logsoftmax", "softmaxwith"), LOG_SOFTMAX),
}
"""What to do instead of a loss that is not here, by its name in lower case without underscores and a final `loss`."""

CHOICES: Mapping[str, type[Loss]] = {
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "focal": Focal,
    "mse": Mse,
    "mae": Mae,
    "huber": Huber,
}
