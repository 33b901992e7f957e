"""sigmoid: the logistic function."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Shapes
from specnet.layers.base.families import Activation
from specnet.layers.base.traits import KEEPS_OUTPUT, Kept, Trait, Traits


class Sigmoid(Activation):
    """1/(1 + e⁻ˣ)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.SATURATES, Trait.UNIT_RANGE})
    module: ClassVar[str] = "nn.Sigmoid"

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_OUTPUT
