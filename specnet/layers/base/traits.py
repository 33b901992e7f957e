"""What others ask of a layer instead of its name: family, traits, number of inputs, storage, receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

from specnet.layers.base.shapes import Shapes

WORDS = ("no", "one", "two", "three", "four")


class Family(StrEnum):
    """What a layer does, roughly: the colour of its box in a diagram."""

    CONVOLUTION = "convolution"
    POOLING = "pooling"
    DENSE = "dense"
    ACTIVATION = "activation"
    NORMALISATION = "normalisation"
    REGULARISATION = "regularisation"
    RESHAPING = "reshaping"
    JOIN = "join"


class Trait(StrEnum):
    """A property that lints and fixes ask for."""

    LINEAR = "linear"
    """An affine function of its input in evaluation."""
    TRANSPARENT = "transparent"
    """Linear in evaluation and without a matrix or filters of its own: a linear layer beside it could absorb it."""
    LEARNS_WEIGHT = "learns weight"
    """Learns a matrix or filters, which an `init` draws."""
    ADDS_BIAS = "adds bias"
    """Adds a learned constant to each output channel."""
    GROUPED = "grouped"
    """Mixes channels within groups only."""
    DENSE = "dense"
    """Learns a weight for each pair of an input element and an output element."""
    RECTIFIES = "rectifies"
    """Suppresses negative values, and with them about half of the variance."""
    SATURATES = "saturates"
    """Has a gradient near 0 for inputs of either sign that are large."""
    UNIT_RANGE = "unit range"
    """Gives values within 0..1."""
    KEEPS_UNIT_RANGE = "keeps unit range"
    """Gives values within 0..1 for inputs within 0..1."""
    NORMALISES = "normalises"
    """Divides by a measure of its input's size, so that the scale of the weights before does not matter."""
    CENTRES_CHANNELS = "centres channels"
    """Subtracts the mean of each channel, and thereby any constant added to the channel before."""
    BATCH_STATISTICS = "batch statistics"
    """Normalises by statistics of the batch in training, and by kept ones in evaluation."""
    POOLS = "pools"
    """Reduces each window of each channel to one number."""
    PADS = "pads"
    """Adds pixels around a map."""
    EQUAL_SHAPES = "equal shapes"
    """Takes inputs of one and the same shape, so that one that differs needs a projection."""
    IDENTITY = "identity"
    """Gives its input unchanged."""


Traits = frozenset[Trait]


class Storage(StrEnum):
    """Where an output is stored, and thereby what is kept of it for the backward pass."""

    OWN = "own"
    """In memory of its own."""
    VIEW = "view"
    """In its input's memory, as a view of it."""
    IN_PLACE = "in place"
    """In its input's memory, which torch can overwrite with it."""


class Arity(NamedTuple):
    """How many inputs a layer takes; without `most`, any number from `least`."""

    least: int = 1
    most: int | None = 1

    def admits(self, inputs: int) -> bool:
        """Whether a layer takes so many inputs."""
        return self.least <= inputs and (self.most is None or inputs <= self.most)

    @property
    def joins(self) -> bool:
        """Whether a layer may take more than one input."""
        return self.most is None or self.most > 1

    def __str__(self) -> str:
        """`two values`, `at least two values`, `two to three values`."""
        if self.most == self.least:
            return f"{number_word(self.least)} value{'s' if self.least > 1 else ''}"
        if self.most is None:
            return f"at least {number_word(self.least)} values"
        return f"{number_word(self.least)} to {number_word(self.most)} values"


def number_word(number: int) -> str:
    """Spell a small number out: two, three; 12."""
    return WORDS[number] if number < len(WORDS) else str(number)


@dataclass(frozen=True)
class Reach:
    """What one output position reads along an axis of a map.

    `positions` is the extent from the first position read to the last; the next output position reads `stride`
    positions further on, 0 where all read the same. `axis` is the axis of the input, 0 its height and 1 its width;
    None stands for the output's own.
    """

    positions: float = 1
    stride: float = 1
    axis: int | None = None


class Elements(Enum):
    """What an output reads of an input without regard to its axes."""

    ALL = "all"
    """Every output element reads the whole input."""
    MOVED = "moved"
    """Every output element is one element of the input; which one is not said."""


Reading = tuple[Reach, Reach] | Elements
"""Along the height and the width of the output; or of vectors, whatever the axes."""


BY_POSITION: Reading = (Reach(), Reach())
"""Each position reads the same position; of a vector, each element the same element."""


def by_position(inputs: Shapes) -> ReceptiveField:
    """Return the field of a layer that reads the same position of each of its inputs."""
    return (BY_POSITION,) * len(inputs)


ReceptiveField = tuple[Reading, ...] | None
"""A reading for each input; None where it is unknown."""
