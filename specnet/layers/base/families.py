"""Base classes for families of layers, and the attributes that layers with parameters share."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from specnet.attributes import Probability
from specnet.diagnostics import Code
from specnet.layers.base.layer import LIKE, Layer, PositionWise, TorchCall
from specnet.layers.base.shapes import NOUNS, LayerError, Shapes, format_shape
from specnet.layers.base.traits import (
    KEEPS_INPUT,
    KEEPS_NOTHING,
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

Init = Literal["default", "he", "xavier", "orthogonal", "dirac", "whiten", "zeros"] | None
"""The initialisation of a weight, which overrides the `train` section's `init`.

`dirac`: each of the first filters passes one channel through. `whiten`: the filters are the principal directions of
the input windows, with both signs, scaled to variance 1. `zeros`: all 0.
"""

Freeze = Literal["weight", "bias", "all"] | None

INIT = Field(None, description="initialisation of the weight, instead of that of `train`")

FREEZE = Field(None, description="parameters that are not learned: weight, bias or all")


LIKE_FIELD = Field(False, description="value whose height and width to come to")
"""The field of `like=@x`, which says that the layer has a second input, whose height and width it comes to."""


class Activation(PositionWise):
    """An elementwise non-linearity; its fields are the arguments of torch's module."""

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.OWN

    module: ClassVar[str]
    """The torch class, such as `nn.ReLU`."""

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_INPUT

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall(self.module, **{name: getattr(self, name) for name in type(self).model_fields}),)


class Normalisation(PositionWise):
    """A layer that divides its input by a measure of its magnitude; its statistics do not widen the receptive field."""

    family: ClassVar[Family] = Family.NORMALISATION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.NORMALISES})
    autocast: ClassVar[Autocast] = Autocast.FULL

    @property
    def workload(self) -> Workload:
        return Workload.NORMALISATION


class Regularisation(PositionWise):
    """A layer that zeroes values with probability p and scales the rest by 1/(1 − p); the identity in evaluation."""

    family: ClassVar[Family] = Family.REGULARISATION
    storage: ClassVar[Storage | None] = Storage.OWN_IN_TRAINING
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.TRANSPARENT, Trait.KEEPS_UNIT_RANGE})

    p: Probability


class Reshaping(Layer):
    """A linear layer without weights and without multiply-accumulates."""

    family: ClassVar[Family] = Family.RESHAPING
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.KEEPS_UNIT_RANGE})

    def macs(self, inputs: Shapes) -> int | None:
        return 0

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING


class Join(Layer):
    """A layer that joins two or more inputs position by position, without multiply-accumulates."""

    family: ClassVar[Family] = Family.JOIN
    arity: ClassVar[Arity] = Arity(2, None)
    storage: ClassVar[Storage | None] = Storage.OWN
    shares_gradient: ClassVar[bool] = True

    def macs(self, inputs: Shapes) -> int | None:
        return 0

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return read_same_position(inputs)


def measure_like(inputs: Shapes) -> tuple[int, int]:
    """Return the height and width of the value of `like=@x`, the last input; raises LayerError if it is a vector."""
    like = inputs[-1]
    if len(like) != 3:
        fact = f"comes to the height and width of a map, not of a {NOUNS[len(like)]} of {format_shape(like)}"
        raise LayerError(Code.E305, fact, (LIKE,), arms=(len(inputs) - 1,))
    return like[0], like[1]


def get_init(layer: Layer) -> str | None:
    """Return the initialisation that a layer sets for its weight; None if it leaves that to the `train` section."""
    init = getattr(layer, "init", None)
    return init if isinstance(init, str) else None


def is_frozen(layer: Layer, parameter: str) -> bool:
    """Whether a layer's parameter of this name is frozen."""
    return getattr(layer, "freeze", None) in (parameter, "all")


def has_default_bias(layer: Layer) -> bool:
    """Whether a layer adds a bias by default, without its line asking for one."""
    return Trait.ADDS_BIAS in layer.traits and "bias" not in layer.model_fields_set
