"""identity: returns its input unchanged; in a join, `identity or { … }` has a fallback for shapes that differ."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Family, Shapes, TorchCall
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import KEEPS_NOTHING, Kept, Storage, Trait, Traits


class Identity(PositionWise):
    """Returns its input."""

    family: ClassVar[Family] = Family.RESHAPING
    storage: ClassVar[Storage | None] = Storage.VIEW
    shares_gradient: ClassVar[bool] = True
    kind_traits: ClassVar[Traits] = frozenset({Trait.IDENTITY, Trait.LINEAR, Trait.TRANSPARENT, Trait.KEEPS_UNIT_RANGE})

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.Identity"),)
