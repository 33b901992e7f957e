"""softmax: turns the channels of each position, or a vector, into probabilities."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Family, Shapes, TorchCall
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import (
    KEEPS_OUTPUT,
    Autocast,
    Elements,
    Kept,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    read_same_position,
)


class Softmax(PositionWise):
    """eˣ/Σeˣ over the channels, which are dimension 1 of N×C×H×W and of N×C."""

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.OWN
    autocast: ClassVar[Autocast] = Autocast.FULL
    kind_traits: ClassVar[Traits] = frozenset({Trait.UNIT_RANGE})

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return read_same_position(inputs) if len(inputs[0]) == 3 else (Elements.ALL,)

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_OUTPUT

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.Softmax", dim=1),)
