"""relu6: rectified linear unit capped at 6 (Krizhevsky 2010)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class Relu6(Activation):
    """min(max(0, x), 6)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES, Trait.ZEROES})
    module: ClassVar[str] = "nn.ReLU6"
