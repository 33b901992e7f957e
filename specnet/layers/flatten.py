"""flatten: a map becomes a vector, H×W×C → H·W·C."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.layers.base import Shape, Shapes, TorchCall, check_bounds
from specnet.layers.base.families import Reshaping
from specnet.layers.base.receptive_field import Elements, ReceptiveField
from specnet.layers.base.traits import Storage, Trait, Traits


class Flatten(Reshaping):
    """All elements of a map as a vector, channel by channel in torch's order; a vector stays as it is."""

    storage: ClassVar[Storage | None] = Storage.VIEW
    kind_traits: ClassVar[Traits] = Reshaping.kind_traits | {Trait.TRANSPARENT}

    def output(self, inputs: Shapes) -> Shape:
        return check_bounds((prod(inputs[0]),))

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.MOVED,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.flatten", start_dim=1),)
