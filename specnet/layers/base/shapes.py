"""Shapes of one image, checks of them, and the error of a layer that refuses its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from specnet.attributes import LARGEST
from specnet.diagnostics import Code
from specnet.records import Record

Shape = tuple[int, ...]
"""One image's shape: (height, width, channels) of a map, (length, channels) of a sequence, (length,) of a vector."""

Shapes = tuple[Shape, ...]
"""The shapes of a layer's inputs."""


class LayerError(Exception):
    """A layer cannot take its inputs.

    In the message, `fact` follows the layer's name, `arithmetic` is shown beside the fields in `attributes`, and
    `notes` below. `arms` are the positions of the inputs that show the conflict; None stands for all.
    """

    def __init__(
        self,
        code: Code,
        fact: str,
        attributes: tuple[str, ...] = (),
        arithmetic: str = "",
        notes: tuple[str, ...] = (),
        arms: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(fact)
        self.code, self.fact, self.attributes, self.arithmetic, self.notes = code, fact, attributes, arithmetic, notes
        self.arms = arms


class LayerNote(Record):
    """A remark on a layer that can take its inputs; for the fields see `LayerError`."""

    code: Code
    fact: str
    attributes: tuple[str, ...] = ()
    arithmetic: str = ""


AXES_BY_RANK: Mapping[int, tuple[str, ...]] = {
    3: ("height", "width", "channels"),
    2: ("length", "channels"),
    1: ("length",),
}
"""The names of the axes of a map, a sequence and a vector."""

NOUNS: Mapping[int, str] = {3: "map", 2: "sequence", 1: "vector"}
"""What values of each number of axes are called."""

TO_SEQUENCE, TO_MAP = "tokens", "map"
"""The layers that make a sequence of a map, and a map of a sequence."""

FIRST_TOKEN, MEAN, LONGER = "token 0", "pool avg global", "class_token"
"""The layers that make a vector of a sequence, and the one that makes a sequence longer by a token."""


def is_map(shape: Shape | None) -> bool:
    """Whether a shape is that of a map, height×width×channels."""
    return shape is not None and len(shape) == 3


def is_sequence(shape: Shape | None) -> bool:
    """Whether a shape is that of a sequence of tokens, length×channels."""
    return shape is not None and len(shape) == 2


def order_as_torch(shape: Shape) -> Shape:
    """Return the sizes of one image in torch's order: C×H×W of a map, L×C of a sequence, C of a vector."""
    return (shape[-1], *shape[:-1]) if is_map(shape) else shape


def find_channel_dim(shape: Shape) -> int:
    """Return torch's dimension of the channels: 1 in N×C×H×W and N×C, 2 in N×L×C."""
    return 2 if is_sequence(shape) else 1


def is_channels_first(shape: Shape) -> bool:
    """Whether a shape looks like a few channels followed by a square or by two much larger sizes, as PyTorch writes."""
    channels, *sizes = shape
    return channels in (1, 3, 4) and len(sizes) == 2 and (sizes[0] == sizes[1] > channels or min(sizes) >= 8 * channels)


def format_shape(shape: Shape) -> str:
    """Format a shape, as 55×55×96."""
    return "×".join(str(size) for size in shape)


def format_shapes(shapes: Shapes) -> str:
    """Format a list of shapes, as 55×55×96, 55×55×64 and 27×27×96."""
    return join_words([*map(format_shape, shapes)])


def join_words(words: Sequence[str]) -> str:
    """Join words, as `height, width and channels`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def format_filters(kernel_size: Sequence[int], filters: int, groups: int, stride: Sequence[int]) -> str:
    """Format filters as tables of papers have them, 3×3, 64, with groups and stride: 3×3, 128, G=32, stride 2."""
    moved = str(stride[0]) if stride[0] == stride[1] else format_shape(tuple(stride))
    parts = [f"G={groups}"] * (groups > 1) + [f"stride {moved}"] * (moved != "1")
    return ", ".join((format_shape(tuple(kernel_size)), str(filters), *parts))


def count_elements(tensors: Mapping[str, tuple[int, ...]]) -> int:
    """Return the number of elements in the named tensors; a tensor of shape () has one."""
    return sum(prod(shape) for shape in tensors.values())


def require_map(inputs: Shapes) -> tuple[int, int, int]:
    """Return height, width and channels of the first input; raises LayerError if it is no map."""
    if not is_map(inputs[0]):
        how = ("`map`, such as `map 14x14`, arranges the tokens of a sequence as a map",)
        raise _refuse_rank("a map of height×width×channels", inputs[0], how if is_sequence(inputs[0]) else ())
    height, width, channels = inputs[0]
    return height, width, channels


def require_sequence(inputs: Shapes) -> tuple[int, int]:
    """Return length and channels of the first input; raises LayerError if it is no sequence."""
    if not is_sequence(inputs[0]):
        how = ("`tokens` makes a sequence of the positions of a map",)
        raise _refuse_rank("a sequence of length×channels", inputs[0], how if is_map(inputs[0]) else ())
    length, channels = inputs[0]
    return length, channels


def require_positions(inputs: Shapes) -> Shape:
    """Return the first input's shape, that of a sequence or a map; raises LayerError if it is a vector."""
    if len(inputs[0]) == 1:
        raise _refuse_rank("a map or a sequence", inputs[0])
    return inputs[0]


def refuse_sequence(inputs: Shapes, advice: str) -> None:
    """Raise LayerError if the first input is a sequence."""
    if is_sequence(inputs[0]):
        raise _refuse_rank("a map or a vector", inputs[0], (advice,))


def _refuse_rank(wanted: str, shape: Shape, notes: tuple[str, ...] = ()) -> LayerError:
    fact = f"needs {wanted}, not a {NOUNS[len(shape)]} of {format_shape(shape)}"
    return LayerError(Code.E305, fact, notes=notes)


def check_bounds(shape: Shape, what: str = "give") -> Shape:
    """Return the shape unchanged; raises LayerError if it is larger than torch can address."""
    if max(shape) > LARGEST or prod(shape) > 2**63 - 1:
        raise LayerError(Code.E306, f"would {what} {format_shape(shape)}, more than can be addressed")
    return shape


def split_groups(amount: int, groups: int, what: str, attribute: str = "groups", into: str = "groups") -> int:
    """Return the size of each of `groups` equal groups; raises LayerError if they cannot be equal."""
    if amount % groups:
        fact = f"cannot split {amount} {what} into {groups} equal {into}"
        raise LayerError(Code.E304, fact, (attribute,), f"{amount}/{groups} = {amount / groups:g}")
    return amount // groups
