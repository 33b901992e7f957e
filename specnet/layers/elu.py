"""elu: exponential linear unit, `elu alpha=1` (Clevert et al. 2015)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class Elu(Activation):
    """x for x > 0, else alpha·(eˣ − 1)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES})
    module: ClassVar[str] = "nn.ELU"

    alpha: float = Field(1.0, description="factor below zero")
