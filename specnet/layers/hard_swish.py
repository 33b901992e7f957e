"""hard_swish: a piecewise approximation of swish without an exponential (MobileNetV3, Howard et al. 2019)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class HardSwish(Activation):
    """x·min(max(0, x + 3), 6)/6."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES, Trait.ZEROES})
    module: ClassVar[str] = "nn.Hardswish"
