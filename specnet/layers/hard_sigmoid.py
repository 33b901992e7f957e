"""hard_sigmoid: a piecewise linear approximation of the logistic function (MobileNetV3, Howard et al. 2019)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class HardSigmoid(Activation):
    """min(max(0, x + 3), 6)/6."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.SATURATES, Trait.UNIT_RANGE, Trait.ZEROES})
    module: ClassVar[str] = "nn.Hardsigmoid"
