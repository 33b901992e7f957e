"""silu: sigmoid linear unit, also called swish (Elfwing et al. 2017, Ramachandran et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class Silu(Activation):
    """x·sigmoid(x)."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES})
    module: ClassVar[str] = "nn.SiLU"
