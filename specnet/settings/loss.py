"""loss: the function that training minimises, `loss cross_entropy smoothing=0.1`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specnet.attributes import BelowOne, NonNegative, Positive, Probability, Setting
from specnet.settings.registration import Choices


def _to_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


ClassWeights = Literal["balanced"] | tuple[Positive, ...]
"""A factor for each class, or `balanced`: all classes count alike."""


Squash = Literal["", "a softmax", "a sigmoid"]


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

    required: ClassVar[tuple[str, ...]] = ("targets", "compute")

    targets: ClassVar[frozenset[Target]]
    """The targets that the outputs can be compared with."""

    squash: ClassVar[Squash] = ""
    """What the loss applies to the outputs itself, so that a network must not end in it."""

    embeds: ClassVar[bool] = False
    """Whether the loss compares embeddings of images, each by itself."""

    def find_squash(self, target: Target) -> Squash:
        """Return what the loss applies to the outputs that are compared with a kind of target."""
        return self.squash

    def explain_misuse(self, target: Target) -> str:
        """Return a sentence about an attribute that has no meaning for a kind of target, or ""."""
        return ""

    @property
    def class_weights(self) -> ClassWeights | None:
        """The factors of the classes in the mean, for a loss that has them."""
        return None

    def compute(self, outputs: Any, targets: Any) -> Any:
        """Return the mean loss of a batch, a tensor with one element, of outputs B×… and targets B×….

        A plugin's loss has it; those of SpecNet are in specnet/training/optim/losses.py.
        """
        raise NotImplementedError


class CrossEntropy(Loss):
    """−log softmax of the label's output; `smoothing` spreads that much of the label evenly over all outputs.

    `weights` are factors of the classes in the mean: a number for each, or `balanced`: all classes count alike.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS, Target.MASK})
    squash: ClassVar[Squash] = "a softmax"

    smoothing: BelowOne = 0.0
    weights: Annotated[ClassWeights, BeforeValidator(_to_tuple)] | None = Field(
        None, description="factor of each class, as [1, 2.5], or `balanced`"
    )

    @property
    def class_weights(self) -> ClassWeights | None:
        return self.weights


class BinaryCrossEntropy(Loss):
    """−log of the probability that the sigmoid of an output gives to yes or no, or to a share from 0 to 1.

    `weights` are factors of the yes of each class against its no: a number for each, or `balanced`: both weigh alike.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASSES, Target.IMAGE, Target.PAIR})
    squash: ClassVar[Squash] = "a sigmoid"

    weights: Annotated[ClassWeights, BeforeValidator(_to_tuple)] | None = Field(
        None, description="factor of the images that show each class, as [1, 2.5], or `balanced`"
    )

    def explain_misuse(self, target: Target) -> str:
        if self.weights is None or target is Target.CLASSES:
            return ""
        return f"`weights` are factors of classes, and each image comes with {target}"

    @property
    def class_weights(self) -> ClassWeights | None:
        return self.weights


class Dice(Loss):
    """1 − the mean over classes of the Dice coefficient 2·Σp·t / (Σp + Σt) (Milletari et al. 2016).

    p is the softmax at a pixel, t is 1 where the mask has the class. Σ is over the pixels of a batch, and the mean over
    the classes that its masks have. `cross_entropy` is the factor of a cross-entropy that is added.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.MASK})
    squash: ClassVar[Squash] = "a softmax"

    cross_entropy: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.0, description="factor of a cross-entropy that is added, as 1"
    )


class Focal(Loss):
    """Cross-entropy times (1 − p)^gamma, where p is the probability of what is true (Lin et al. 2017).

    Where an image or a pixel has one class, p is by a softmax; where it may show several, by a sigmoid for each.
    `alpha` weighs the classes that an image shows, and 1 − `alpha` those that it does not.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS, Target.CLASSES, Target.MASK})
    squash: ClassVar[Squash] = "a softmax"

    gamma: NonNegative = 2.0
    alpha: Probability | None = None

    def find_squash(self, target: Target) -> Squash:
        return "a sigmoid" if target is Target.CLASSES else self.squash

    def explain_misuse(self, target: Target) -> str:
        if self.alpha is None or target is Target.CLASSES:
            return ""
        return f"`alpha` weighs the classes that an image shows against the others, and each comes with {target}"


VALUES = frozenset({Target.NUMBERS, Target.IMAGE})


class Mse(Loss):
    """The mean squared difference of outputs and targets."""

    targets: ClassVar[frozenset[Target]] = VALUES


class Mae(Loss):
    """The mean absolute difference of outputs and targets, which outliers move less than a squared one."""

    targets: ClassVar[frozenset[Target]] = VALUES


class Huber(Loss):
    """Half the squared difference up to `delta`, and linear with the slope `delta` beyond (Huber 1964)."""

    targets: ClassVar[frozenset[Target]] = VALUES
    positional: ClassVar[tuple[str, ...]] = ("delta",)

    delta: Positive = 1.0


class Hinge(Loss):
    """max(0, 1 − y·score), with y = 1 for two images of one class, and −1 for others (Zagoruyko, Komodakis 2015)."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.PAIR})


class Contrastive(Loss):
    """½·d² for two images of one class, else ½·max(0, margin − d)², d the distance (Hadsell, Chopra, LeCun 2006)."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.PAIR})
    embeds: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("margin",)

    margin: Positive = 1.0


class Triplet(Loss):
    """max(0, margin + the farthest of its class − the nearest other) for each image of a batch (Hermans et al. 2017).

    Images without another of their class in the batch, or without one of another class, do not count.
    """

    targets: ClassVar[frozenset[Target]] = frozenset({Target.PAIR})
    embeds: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("margin",)

    margin: Positive = 0.2


BINARY = "`binary_cross_entropy` takes the sigmoid itself, so that the network ends in plain outputs"
SQUARED = "the mean squared difference is `mse`"
ABSOLUTE = "the mean absolute difference is `mae`"
SMOOTH = "`huber delta=1` is torch's smooth L1 loss"
LOG_SOFTMAX = "`cross_entropy` takes the log softmax itself, so that the network ends in plain outputs"
OVERLAP = "`dice` is the loss that is made of the overlap"

ABSENT: Mapping[str, str] = {
    **dict.fromkeys(("jaccard", "iou", "softdice", "lovasz", "lovaszsoftmax", "tversky"), OVERLAP),
    **dict.fromkeys(("bce", "bcewithlogits", "logistic", "sigmoidcrossentropy"), BINARY),
    **dict.fromkeys(("meansquarederror", "l2", "euclidean"), SQUARED),
    **dict.fromkeys(("meanabsoluteerror", "l1"), ABSOLUTE),
    "smoothl1": SMOOTH,
    "tripletmargin": "`triplet margin=0.2` takes the hardest triplets of each batch",
    **dict.fromkeys(("nll", "negativeloglikelihood", "logsoftmax", "softmaxwith"), LOG_SOFTMAX),
}
"""What to do instead of a loss that is not here, by its name in lower case without underscores and a final `loss`."""

OWN: Mapping[str, type[Loss]] = {
    "cross_entropy": CrossEntropy,
    "dice": Dice,
    "binary_cross_entropy": BinaryCrossEntropy,
    "focal": Focal,
    "mse": Mse,
    "mae": Mae,
    "huber": Huber,
    "hinge": Hinge,
    "contrastive": Contrastive,
    "triplet": Triplet,
}

CHOICES: Mapping[str, type[Loss]] = Choices("loss", Loss, OWN)
