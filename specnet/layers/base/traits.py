"""The properties of layers that other modules query instead of their kind.

Family, traits, number of inputs, storage and receptive field.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from specnet.layers.base.shapes import Shapes
from specnet.records import Record

if TYPE_CHECKING:
    from fractions import Fraction

    Rational = int | Fraction

NUMBER_WORDS = ("no", "one", "two", "three", "four")


class Family(StrEnum):
    """The broad purpose of a layer, which decides the colour of its box in a diagram."""

    CONVOLUTION = "convolution"
    POOLING = "pooling"
    DENSE = "dense"
    ATTENTION = "attention"
    ACTIVATION = "activation"
    NORMALISATION = "normalisation"
    REGULARISATION = "regularisation"
    RESHAPING = "reshaping"
    JOIN = "join"

    @property
    def is_interchangeable(self) -> bool:
        """Whether its kinds do the same in different ways, so that one may have been meant for another."""
        return self in (Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION)


class Trait(StrEnum):
    """A property that lints and fixes query."""

    LINEAR = "linear"
    """Is an affine function of its input in evaluation."""
    TRANSPARENT = "transparent"
    """Is linear in evaluation and has no matrix or filters, so that a linear layer next to it could absorb it."""
    LEARNS_WEIGHT = "learns weight"
    """Learns a matrix or filters, which `init` initialises."""
    EMBEDS = "embeds"
    """Learns numbers that are part of its output, and multiply no input: an embedding of each place."""
    ADDS_BIAS = "adds bias"
    """Adds a learned constant to each output channel."""
    GROUPED = "grouped"
    """Mixes channels within groups only."""
    DENSE = "dense"
    """Learns a weight for each pair of an input element and an output element."""
    RECTIFIES = "rectifies"
    """Suppresses negative values, and with them about half of the variance."""
    ZEROES = "zeroes"
    """Returns exactly 0, with a gradient of 0, for a whole range of inputs, so that a unit can die."""
    SATURATES = "saturates"
    """Has a gradient near 0 for large inputs of either sign."""
    UNIT_RANGE = "unit range"
    """Returns values within 0..1."""
    KEEPS_UNIT_RANGE = "keeps unit range"
    """Returns values within 0..1 for inputs within 0..1."""
    NORMALISES = "normalises"
    """Divides by a measure of its input's magnitude, so that the scale of earlier weights does not matter."""
    CENTRES_CHANNELS = "centres channels"
    """Subtracts the mean of each channel, and with it any constant that was added to the channel before."""
    BATCH_STATISTICS = "batch statistics"
    """Normalises by the batch's statistics in training, and by running statistics in evaluation."""
    POOLS = "pools"
    """Reduces each window of each channel to one number."""
    PADS = "pads"
    """Adds pixels around a map."""
    EQUAL_SHAPES = "equal shapes"
    """Usually takes inputs of equal shapes, so that one of another shape needs a projection."""
    SUMS = "sums"
    """Adds its inputs, so that one of them may be a shortcut past the layers of another."""
    IDENTITY = "identity"
    """Returns its input unchanged."""


Traits = frozenset[Trait]


class Storage(StrEnum):
    """Where torch stores an output."""

    OWN = "own"
    """In newly allocated memory."""
    VIEW = "view"
    """In the input's memory, as a view."""
    SCATTERED_VIEW = "scattered view"
    """In the input's memory, as a view whose elements are not in the order of its axes."""
    OWN_IN_TRAINING = "own in training"
    """In newly allocated memory in training; in evaluation the output is the input itself."""


class Kept(NamedTuple):
    """What torch keeps of a layer from the forward pass for the backward pass, besides parameters and buffers.

    A tensor that several layers keep is stored once. `elements` are those of further tensors of the output's type,
    `elements_like_input` of the first input's, `fp32` of those that are fp32 in every precision, `indices` are 8-byte
    integers and `mask` is what dropout draws, each for one image; for a whole batch, `statistics` are fp32 elements and
    `shared` elements of the output's type.
    """

    inputs: tuple[int, ...] = ()
    """The positions of the inputs that are kept."""
    output: bool = False
    elements: int = 0
    elements_like_input: int = 0
    fp32: int = 0
    indices: int = 0
    mask: int = 0
    statistics: int = 0
    shared: int = 0
    on_cpu: Kept | None = None
    """What is kept instead on a CPU, which has no fused kernel for the layer."""


KEEPS_INPUT = Kept(inputs=(0,))
KEEPS_OUTPUT = Kept(output=True)
KEEPS_NOTHING = Kept()


class Workload(StrEnum):
    """The work of a layer, as far as the speed of a device depends on its kind."""

    MATMUL = "matmul"
    CONVOLUTION = "convolution"
    """With a window of several pixels."""
    POINTWISE = "pointwise"
    """A convolution of 1×1."""
    DEPTHWISE = "depthwise"
    """A convolution in many groups."""
    POOLING = "pooling"
    NORMALISATION = "normalisation"
    ELEMENTWISE = "elementwise"


FEW_CHANNELS = 8
"""The most filters of a group for which a grouped convolution is computed like a depthwise one."""


def choose_convolution(kernel_size: tuple[int, int], groups: int, filters: int) -> Workload:
    """Return the workload of a convolution."""
    if groups > 1 and filters // groups <= FEW_CHANNELS:
        return Workload.DEPTHWISE
    return Workload.POINTWISE if kernel_size == (1, 1) else Workload.CONVOLUTION


class Autocast(StrEnum):
    """The type in which torch.autocast computes a layer on a GPU."""

    LOWER = "lower"
    """In the type of the context, such as bfloat16: convolutions and products of matrices."""
    FULL = "full"
    """In fp32; on a CPU, torch computes these in the widest type among the inputs."""
    FULL_RESULT = "full result"
    """In the type of the input, until an operation that is computed as in `FULL`, whose type the output has."""
    WIDEST = "widest"
    """In the widest type among the inputs."""


class Arity(NamedTuple):
    """The number of inputs that a layer takes: from `least` to `most`, or any number from `least` if `most` is None."""

    least: int = 1
    most: int | None = 1

    def admits(self, inputs: int) -> bool:
        """Whether a layer takes this number of inputs."""
        return self.least <= inputs and (self.most is None or inputs <= self.most)

    @property
    def joins(self) -> bool:
        """Whether a layer may take more than one input."""
        return self.most is None or self.most > 1

    def __str__(self) -> str:
        """`two values`, `at least two values`, `two to three values`."""
        if self.most == self.least:
            return f"{spell_number(self.least)} value{'s' if self.least > 1 else ''}"
        if self.most is None:
            return f"at least {spell_number(self.least)} values"
        return f"{spell_number(self.least)} to {spell_number(self.most)} values"


def spell_number(number: int) -> str:
    """Spell a small number out: two, three; 12."""
    return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) else str(number)


class Reach(Record):
    """The positions that one output position reads along an axis of a map.

    The output position i reads those from ⌊i·stride + first⌋ to ⌊i·stride + last⌋; those below 0 are in the padding.
    With a `stride` of 0, all output positions read the same. The numbers are integers or fractions, as `divide` makes
    them. `axis` is the axis of the input, 0 for height and 1 for width; None means the output's own axis.

    Positions are in windows of `window`, the first of which begins at `shift`: all positions of a window read what its
    first one does.
    """

    first: Rational = 0
    last: Rational = 0
    stride: Rational = 1
    axis: int | None = None
    window: int = 1
    shift: int = 0

    def read(self, at: int) -> tuple[int, int]:
        """Return the first and the last input position that the output position `at` reads."""
        leader = (at - self.shift) // self.window * self.window + self.shift
        return floor(leader * self.stride + self.first), floor(leader * self.stride + self.last)


class Elements(Enum):
    """The elements of an input that an output reads, regardless of its axes."""

    ALL = "all"
    """Every output element reads the whole input."""
    SOME = "some"
    """Every output element reads several input elements, at unspecified places."""
    MOVED = "moved"
    """Every output element is a copy of one input element, at an unspecified place."""
    POSITIONS = "positions"
    """Every output position or token has a copy of the channels of one position or token, at an unspecified place."""
    NONE = "none"
    """No output element reads any: nothing but the height and width of the input counts."""


Reading = tuple[Reach, Reach] | Elements
"""The part of one input that an output position reads: along height and width, or regardless of the axes."""

ReceptiveField = tuple[Reading, ...] | None
"""A reading of each input; None if unknown."""

SAME_POSITION: Reading = (Reach(), Reach())
"""Each position of a map reads the same position, and each element of a vector the same element."""


def divide(dividend: int, divisor: int) -> Rational:
    """Return the exact quotient, an integer wherever it is one."""
    if dividend % divisor == 0:
        return dividend // divisor
    from fractions import Fraction

    return Fraction(dividend, divisor)


def read_with_offset(height: int, width: int) -> Reading:
    """Return the reading of one position, this many positions further on."""
    return Reach(height, height), Reach(width, width)


def read_same_position(inputs: Shapes) -> ReceptiveField:
    """Return the receptive field of a layer that reads the same position of each of its inputs."""
    return (SAME_POSITION,) * len(inputs)
