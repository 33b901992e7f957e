"""times: multiplies every element by a constant, `times by=1/9`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.layers.base import Family, Shapes, TorchCall
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import KEEPS_NOTHING, Kept, Storage, Trait, Traits


class Times(PositionWise):
    """factor·x, with a constant factor."""

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.TRANSPARENT})
    positional: ClassVar[tuple[str, ...]] = ("factor",)

    factor: float = Field(alias="by", description="factor of every element")

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.mul", other=self.factor),)
