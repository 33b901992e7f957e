"""The base class of all layers, all that a layer says of itself, and its torch counterpart as data.

The defaults claim nothing: a kind that does not say what it reads, costs or stores leaves that unknown everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from specnet.attributes import Attributes
from specnet.layers.base.alternatives import Alternatives
from specnet.layers.base.shapes import LayerNote, Shape, Shapes
from specnet.layers.base.traits import Arity, Family, ReceptiveField, Storage, Traits, by_position


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


class Projection(NamedTuple):
    """How a kind projects a map to other channels and a smaller size."""

    fields: tuple[str, ...]
    """The fields to take over from a layer of this kind in another arm."""
    fixed: Mapping[str, int]
    """The fields to set, and to what."""


class Layer(Attributes):
    """A layer with its attributes; nothing in it depends on where it was written."""

    family: ClassVar[Family]

    arity: ClassVar[Arity] = Arity()
    """How many inputs the layer takes."""

    storage: ClassVar[Storage | None] = None
    """Where the output is stored; None where that is unknown."""

    kind_traits: ClassVar[Traits] = frozenset()
    """The traits that all layers of the kind have."""

    output_field: ClassVar[str] = ""
    """The field that says how many channels or features the output has, if there is one."""

    projection: ClassVar[Projection | None] = None
    """How the kind projects a map, if it can."""

    preserves_shape: ClassVar[bool] = False
    """Whether the output has the shape of the input (activations, normalisation, dropout)."""

    @property
    def kind(self) -> str:
        """The word that the layer is written as: the name of the file that defines it."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def group_words(self) -> tuple[str, ...]:
        """The words for the layer in a `group` line: its kind, and `norm` for the normalisation family."""
        return (self.kind, "norm") if self.family is Family.NORMALISATION else (self.kind,)

    @property
    def traits(self) -> Traits:
        """The traits of this layer; some depend on its attributes."""
        return self.kind_traits

    def output(self, inputs: Shapes) -> Shape:
        """Return the output's shape; raises LayerError."""
        raise NotImplementedError

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        """Return remarks on a layer that is accepted."""
        return ()

    def formula(self, inputs: Shapes) -> str:
        """Return the arithmetic of the output's size with its numbers put in; empty where there is none."""
        return ""

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Return the learned tensors: name and shape, as torch has them."""
        return {}

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Return the tensors that are kept but not learned: name and shape, as torch has them."""
        return {}

    def macs(self, inputs: Shapes) -> int | None:
        """Return the multiply-accumulates of one forward pass for one image; None where they are unknown.

        Convolutions, fully connected layers and products of matrices count; bias, activation, normalisation and
        pooling are 0.
        """
        return None

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        """Return what one output position reads of each input; None where that is unknown.

        Statistics of a whole map that a normalisation draws are not counted.
        """
        return None

    def alternatives(self, inputs: Shapes, claim: Shape | None) -> Alternatives:
        """Yield other values of attributes that a fix may try, where a claim asks for another shape or none fits."""
        yield from ()

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        """Return the shape that an input of `shape` would need to be joined with one of `other`; None if unknown."""
        return None

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        """What torch applies in turn; at most one call has parameters, and it takes the node's name."""
        raise NotImplementedError


class ShapePreserving(Layer):
    """A layer whose output has the shape of its input."""

    preserves_shape: ClassVar[bool] = True

    def output(self, inputs: Shapes) -> Shape:
        return inputs[0]


class PositionWise(ShapePreserving):
    """A layer whose output at each position depends on the same position of its input, without multiply-accumulates."""

    def macs(self, inputs: Shapes) -> int | None:
        return 0

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return by_position(inputs)
