"""tanh: the hyperbolic tangent."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Shapes
from specnet.layers.base.families import Activation
from specnet.layers.base.traits import KEEPS_OUTPUT, Kept, Trait, Traits


class Tanh(Activation):
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.SATURATES})
    module: ClassVar[str] = "nn.Tanh"

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_OUTPUT
