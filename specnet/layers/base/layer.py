"""The base class of all layers, with everything a layer declares, and its torch counterpart as data.

The defaults claim nothing: what a kind does not declare about its cost, storage or receptive field stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from specnet.attributes import Attributes
from specnet.layers.base.alternatives import Alternatives
from specnet.layers.base.shapes import LayerNote, Shape, Shapes
from specnet.layers.base.steps import Steps
from specnet.layers.base.traits import (
    Arity,
    Autocast,
    Family,
    Kept,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    Workload,
    read_same_position,
)
from specnet.records import Record

LIKE = "like"
"""The key of a value whose height and width a layer comes to: `upsample like=@x`."""


class TorchCall(Record):
    """A call of a torch module or function, as data: `TorchCall("nn.Linear", in_features=9, out_features=3)`.

    A module (`nn.…`, or `modules.…` for those that torch lacks, in specnet/backends/torch_modules.py and
    attention_modules.py) is constructed with the arguments and called with the input values. A function (`F.…`,
    `torch.…`) takes the input values first, then the arguments. Arguments use torch's names, and include those that
    equal torch's defaults.

    The target of a plugin is an import path: that of a module, `mypkg.modules:Swish`, or of a function, which is
    written with parentheses, `mypkg.functions:swish()`.
    """

    target: str
    arguments: Mapping[str, Any]
    joins: Literal["list", "fold", "size"] | None
    """How to pass several input values: as one list, folded from the left, ((a + b) + c), or in order (None).

    With `size`, the first is passed, and the height and width of the second as the argument `size`.
    """

    def __init__(
        self, target: str, /, *, joins: Literal["list", "fold", "size"] | None = None, **arguments: Any
    ) -> None:
        for name, value in (("target", target), ("arguments", arguments), ("joins", joins)):
            object.__setattr__(self, name, value)

    @property
    def is_module(self) -> bool:
        return is_module_target(self.target)


def is_module_target(target: str) -> bool:
    """Whether a torch module, rather than a function, has this name."""
    return target.startswith(("nn.", "modules.")) or (":" in target and not target.endswith("()"))


class Projection(NamedTuple):
    """The recipe for projecting a map to other channels and a smaller size with a layer of this kind."""

    fields: tuple[str, ...]
    """The fields to copy from a layer of this kind in another arm."""
    fixed: Mapping[str, int]
    """The fields with a fixed value, and that value."""


class Layer(Attributes):
    """A layer with its attributes, independent of where it is written in a file."""

    family: ClassVar[Family]
    for_sequences: ClassVar[str] = ""
    """The kind, or the layer with its attributes, that does to a sequence what this one does to a map; "" for none."""

    arity: ClassVar[Arity] = Arity()
    """The number of inputs that the kind takes, beside a value that gives a size alone (`is_like`)."""

    operator: ClassVar[str] = ""
    """The sign between inputs whose order matters; empty where it does not, or shows."""

    storage: ClassVar[Storage | None] = None
    """Where the output is stored; None if unknown."""

    shares_gradient: ClassVar[bool] = False
    """Whether the gradient of an input as large as the output is the output's or a view of it, not a new tensor."""

    flattens: ClassVar[bool] = False
    """Whether axes of the input are merged, for which torch copies a scattered view."""

    autocast: ClassVar[Autocast] = Autocast.WIDEST
    """The type in which the layer computes under autocast."""

    kind_traits: ClassVar[Traits] = frozenset()
    """The traits that all layers of the kind share."""

    output_field: ClassVar[str] = ""
    """The field that holds the number of output channels or features; empty if there is none."""

    later_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that the kind has got since digests of networks were recorded, which their defaults do not change."""

    size_field: ClassVar[str] = ""
    """The field of the height and width to come to; empty if there is none.

    A kind that has one has the field `like` as well, which says that they are those of a second input, `like=@x`.
    """

    usual: ClassVar[tuple[str, ...]] = ()
    """What lines of this kind usually say, the likeliest first; a line that lacks a needed attribute is offered it."""

    projection: ClassVar[Projection | None] = None
    """The recipe for a projection by this kind; None if it cannot project a map."""

    preserves_shape: ClassVar[bool] = False
    """Whether the output has the shape of the input (activations, normalisation, dropout)."""

    asks_torch: ClassVar[bool] = False
    """Whether the output's shape is that of the module in torch, as the layer has no rule for it."""

    own_kind: ClassVar[str] = ""
    """The word in a spec of a layer that a plugin has registered."""

    @classmethod
    def is_follower(cls) -> bool:
        """Whether pictures and tables show the layer with the one before it: it keeps its shape, and has no filters."""
        return cls.preserves_shape and Trait.LEARNS_WEIGHT not in cls.kind_traits

    @property
    def kind(self) -> str:
        """The layer's word in a spec, which is the name of the file that defines it."""
        return self.own_kind or type(self).__module__.rpartition(".")[2]

    @property
    def is_like(self) -> bool:
        """Whether the last input gives nothing but the height and width to come to, as the value of `like=@x` does."""
        return bool(self.size_field and getattr(self, LIKE))

    @property
    def input_count(self) -> Arity:
        """The number of inputs of this layer: those of its kind, and the value of `like=@x`."""
        return Arity(2, 2) if self.is_like else self.arity

    @property
    def group_words(self) -> tuple[str, ...]:
        """The words that select the layer in a `group` line: its kind, and `norm` for the normalisation family."""
        return (self.kind, "norm") if self.family is Family.NORMALISATION else (self.kind,)

    @property
    def traits(self) -> Traits:
        """The traits of this layer, some of which depend on its attributes."""
        return self.kind_traits

    def notation(self, with_stride: bool = False) -> str:
        """Return the layer as the tables of papers have it, such as `3×3, 64`; "" if they have nothing shorter."""
        return ""

    @property
    def scatters(self) -> bool:
        """Whether the output is a view whose elements are not in the order of its axes."""
        return self.storage is Storage.SCATTERED_VIEW

    @property
    def workload(self) -> Workload:
        """The kind of work that the layer is; one that only reads and writes unless it says otherwise."""
        return Workload.ELEMENTWISE

    @property
    def slides(self) -> bool:
        """Whether each of many output positions reads several input positions, as a convolution's do.

        These layers make up the receptive field of a network; a global pool, which leaves one position, does not count.
        """
        return False

    @property
    def period(self) -> tuple[int, int]:
        """The rows and columns after which the output's size grows by the same amount: the stride of a window.

        From the smallest map on that the layer takes, a map with that many more is refused or rounded as it is.
        """
        return (1, 1)

    @property
    def channel_period(self) -> int:
        """The number of channels by which more of them are refused or taken as before: that of the groups they form."""
        return 1

    @property
    def batch_weight(self) -> float | None:
        """The weight of a new batch in the layer's running statistics; None if it keeps none."""
        return None

    def output(self, inputs: Shapes) -> Shape:
        """Return the output's shape; raises LayerError if the layer cannot take its inputs."""
        raise NotImplementedError

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        """Return remarks on a layer that can take its inputs."""
        return ()

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        """Whether the layer rounds a size or skips pixels of inputs that it takes, along height and along width."""
        return False, False

    def formula(self, inputs: Shapes) -> str:
        """Return the arithmetic of the output's size with actual numbers; empty if there is none to show."""
        return ""

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Return the names and shapes of the learned tensors, as in torch's module."""
        return {}

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Return the names and shapes of the tensors that are stored but not learned, as in torch's module."""
        return {}

    def macs(self, inputs: Shapes) -> int | None:
        """Return the multiply-accumulates of one forward pass for one image; None if unknown.

        Convolutions, fully connected layers and matrix products count; biases, activations, normalisation and pooling
        count 0.
        """
        return None

    def kept(self, inputs: Shapes) -> Kept | None:
        """Return what torch keeps for the backward pass; None if unknown."""
        return None

    def scratch(self, inputs: Shapes) -> int:
        """Return the elements of tensors beside the output that torch allocates for one image while the layer runs."""
        return 0

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the elements of such tensors in the backward pass, beside the gradients."""
        return self.scratch(inputs)

    def operations(self, inputs: Shapes) -> int:
        """Return what the kernel does for one image: multiply-accumulates, or elements that its windows read."""
        return self.macs(inputs) or 0

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        """Return the part of each input that one output position reads; None if unknown.

        The statistics of a whole map that a normalisation computes do not count.
        """
        return None

    def passes_gradient(self, inputs: Shapes) -> tuple[bool, ...]:
        """Return of each input whether its gradient is the output's or a view of it, rather than a new tensor."""
        return (self.shares_gradient,) * len(inputs)

    def steps(self, inputs: Shapes) -> Steps:
        """Return the steps of what the layer computes, if a picture of it can show several."""
        return ()

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        """Yield other attribute values for a fix to try.

        `wanted` is an output's shape that would help, if there is one; it is no obligation.
        """
        yield from ()

    def value_in_force(self, field: str) -> Any:
        """Return the value by which the layer is computed where a field is not given; None if there is none."""
        return getattr(self, field)

    def spell_out(self) -> Layer:
        """Return the layer with what its defaults and words stand for; layers are the same function if these agree."""
        return self

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        """Return the shape that an input of `shape` must take to be joined with one of `other`; None if unknown."""
        return None

    def converter(self, shape: Shape, other: Shape) -> str:
        """Return the text of a layer behind an input of `shape` with which it can be joined with one of `other`."""
        return ""

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        """Return the torch calls to apply in turn; at most one is a module, which is named after the node."""
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
        return read_same_position(inputs)
