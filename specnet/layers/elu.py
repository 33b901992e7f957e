"""elu: exponential linear unit, `elu alpha=1` (Clevert et al. 2015)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.layers.base.activation import Activation


class Elu(Activation):
    """x for x > 0, else alpha·(eˣ − 1)."""

    module: ClassVar[str] = "nn.ELU"

    alpha: float = Field(1.0, description="factor below zero")
