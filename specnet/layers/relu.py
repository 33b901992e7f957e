"""relu: rectified linear unit (Nair and Hinton 2010)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Shapes
from specnet.layers.base.families import Activation
from specnet.layers.base.traits import KEEPS_OUTPUT, Kept, Trait, Traits


class Relu(Activation):
    """max(0, x)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES, Trait.ZEROES})
    module: ClassVar[str] = "nn.ReLU"

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_OUTPUT
