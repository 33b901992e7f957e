"""sigmoid: the logistic function."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class Sigmoid(Activation):
    """1/(1 + e⁻ˣ)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.SATURATES, Trait.UNIT_RANGE})
    module: ClassVar[str] = "nn.Sigmoid"
