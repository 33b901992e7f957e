"""elu: exponential linear unit, `elu alpha=1` (Clevert et al. 2015)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class Elu(Activation):
    """x for x > 0, else alpha·(eˣ − 1)."""

    module: ClassVar[str] = "nn.ELU"

    alpha: float = 1.0
