"""What every layer answers: its output's shape, its parameters, its MACs, its counterpart in torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import Any, ClassVar, Literal

from specnet.attributes import LARGEST, Attributes
from specnet.diagnostics import Code

Shape = tuple[int, ...]
"""One image's shape: (height, width, channels) of a map, or (length,) of a vector."""

Shapes = tuple[Shape, ...]
"""The shapes that arrive at a layer, one for each of its inputs."""


def format_shape(shape: Shape) -> str:
    """A shape as it is printed: 55×55×96."""
    return "×".join(str(size) for size in shape)


def format_shapes(shapes: Shapes) -> str:
    """55×55×96, 55×55×64 and 27×27×96"""
    *others, last = map(format_shape, shapes)
    return f"{', '.join(others)} and {last}" if others else last


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


class LayerError(Exception):
    """Why a layer cannot take what arrives.

    `fact` follows the layer's name in the message; `attributes` are the fields it is about,
    `arithmetic` stands beside them, `notes` below; `arms` are the numbers of the inputs that show it, None if all do.
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


@dataclass(frozen=True)
class LayerNote:
    """What is worth saying of a layer that is accepted; the fields are those of `LayerError`."""

    code: Code
    fact: str
    attributes: tuple[str, ...] = ()
    arithmetic: str = ""


@dataclass(frozen=True, init=False)
class TorchCall:
    """A call of a torch module or function, as data: `TorchCall("nn.Linear", in_features=9, out_features=3)`.

    A module (`nn.…`, or `modules.…` for those of specnet/backends/torch_modules.py, which torch lacks) is constructed
    with the arguments and called with the input values. A function (`F.…`, `torch.…`) takes the input values first,
    then the arguments. Arguments go by torch's names, and none is left out for being torch's default.
    """

    target: str
    arguments: Mapping[str, Any]
    joins: Literal["list", "fold"] | None
    """How several input values are passed: as one list, pairwise from the left, ((a + b) + c), or in order (None)."""

    def __init__(self, target: str, /, *, joins: Literal["list", "fold"] | None = None, **arguments: Any) -> None:
        for name, value in (("target", target), ("arguments", arguments), ("joins", joins)):
            object.__setattr__(self, name, value)

    @property
    def is_module(self) -> bool:
        return self.target.startswith(("nn.", "modules."))


class Layer(Attributes):
    """A layer with its attributes; nothing in it depends on where it was written."""

    family: ClassVar[Family]

    preserves_shape: ClassVar[bool] = False
    """Whether what leaves has the shape of what arrives (activations, normalisation, dropout)."""

    @property
    def kind(self) -> str:
        """The word that the layer is written as: the name of the file that defines it."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def goes_by(self) -> tuple[str, ...]:
        """What the layer goes by where parameters are grouped: its kind, and `norm` where it normalises."""
        return (self.kind, "norm") if self.family is Family.NORMALISATION else (self.kind,)

    def output(self, inputs: Shapes) -> Shape:
        """The shape that leaves; raises LayerError."""
        raise NotImplementedError

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        """What is worth saying though the layer is accepted."""
        return ()

    def formula(self, inputs: Shapes) -> str:
        """The arithmetic of the output's size with its numbers put in; empty where there is none."""
        return ""

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Learned tensors: name and shape, as torch has them."""
        return {}

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Tensors that are kept but not learned: name and shape, as torch has them."""
        return {}

    def macs(self, inputs: Shapes) -> int:
        """Multiply-accumulates of one forward pass for one image; only conv, deconv and fc have any."""
        return 0

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        """What torch applies in turn; at most one call has parameters, and it takes the node's name."""
        raise NotImplementedError


class ShapePreserving(Layer):
    """A layer whose output has the shape of its input."""

    preserves_shape: ClassVar[bool] = True

    def output(self, inputs: Shapes) -> Shape:
        return inputs[0]


def count(tensors: Mapping[str, tuple[int, ...]]) -> int:
    """Numbers in the named tensors together; a tensor of shape () is one number."""
    return sum(prod(shape) for shape in tensors.values())


def need_map(inputs: Shapes) -> tuple[int, int, int]:
    """Height, width and channels of the map that arrives; raises LayerError if it is a vector."""
    if len(inputs[0]) != 3:
        raise LayerError(
            Code.E305, f"needs a map of height×width×channels, and a vector of {format_shape(inputs[0])} arrives"
        )
    height, width, channels = inputs[0]
    return height, width, channels


def within_bounds(shape: Shape, what: str = "give") -> Shape:
    """The same shape; raises LayerError when a size is beyond what torch can address."""
    if max(shape) > LARGEST or prod(shape) > 2**63 - 1:
        raise LayerError(Code.E306, f"would {what} {format_shape(shape)}, more than can be addressed")
    return shape


def in_groups(amount: int, groups: int, what: str, attribute: str = "groups") -> int:
    """How many are in each of the groups; raises LayerError when they cannot be equal."""
    if amount % groups:
        fact = f"cannot split {amount} {what} into {groups} equal groups"
        raise LayerError(Code.E304, fact, (attribute,), f"{amount}/{groups} = {amount / groups:g}")
    return amount // groups
