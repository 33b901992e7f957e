"""flatten: turns a map into a vector, H×W×C → H·W·C, or a sequence, L×C → L·C."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.layers.base import Shape, Shapes, TorchCall, check_bounds
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, Trait, Traits


class Flatten(Reshaping):
    """The elements as a vector in torch's order: a map channel by channel, a sequence token by token."""

    storage: ClassVar[Storage | None] = Storage.VIEW
    shares_gradient: ClassVar[bool] = True
    flattens: ClassVar[bool] = True
    kind_traits: ClassVar[Traits] = Reshaping.kind_traits | {Trait.TRANSPARENT}

    def output(self, inputs: Shapes) -> Shape:
        return check_bounds((prod(inputs[0]),))

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.MOVED,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.flatten", start_dim=1, end_dim=-1),)
