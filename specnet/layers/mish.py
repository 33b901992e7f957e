"""mish: self-regularised non-monotonic unit (Misra 2019)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class Mish(Activation):
    """x·tanh(log(1 + eˣ))."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES})
    module: ClassVar[str] = "nn.Mish"
