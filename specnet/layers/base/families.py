"""The base classes of activations, normalisations, regularisations, reshapings and joins."""

from __future__ import annotations

from typing import ClassVar

from specnet.attributes import Probability
from specnet.layers.base.layer import Layer, PositionWise
from specnet.layers.base.receptive_field import ReceptiveField, by_position
from specnet.layers.base.shapes import Shapes
from specnet.layers.base.torch_call import TorchCall
from specnet.layers.base.traits import Arity, Family, Storage, Trait, Traits


class Activation(PositionWise):
    """A non-linearity applied to each element by itself; its fields are the arguments of torch's module."""

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.IN_PLACE

    module: ClassVar[str]
    """torch's class, `nn.ReLU`."""

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall(self.module, **{name: getattr(self, name) for name in type(self).model_fields}),)


class Normalisation(PositionWise):
    """A layer that divides its input by a measure of its size; the statistics it reads count to no receptive field."""

    family: ClassVar[Family] = Family.NORMALISATION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.NORMALISES})


class Regularisation(PositionWise):
    """A layer that zeroes values with probability p and scales the others by 1/(1 − p); an identity in evaluation."""

    family: ClassVar[Family] = Family.REGULARISATION
    storage: ClassVar[Storage | None] = Storage.IN_PLACE
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.TRANSPARENT, Trait.KEEPS_UNIT_RANGE})

    p: Probability


class Reshaping(Layer):
    """A linear layer without weights and without multiply-accumulates."""

    family: ClassVar[Family] = Family.RESHAPING
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.KEEPS_UNIT_RANGE})

    def macs(self, inputs: Shapes) -> int | None:
        return 0


class Join(Layer):
    """A layer of two or more inputs, each read at the output's own position, without multiply-accumulates."""

    family: ClassVar[Family] = Family.JOIN
    arity: ClassVar[Arity] = Arity(2, None)
    storage: ClassVar[Storage | None] = Storage.OWN

    def macs(self, inputs: Shapes) -> int | None:
        return 0

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return by_position(inputs)
