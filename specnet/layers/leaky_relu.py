"""leaky_relu: a rectifier with a small slope below zero, `leaky_relu slope=0.01` (Maas et al. 2013)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Trait, Traits


class LeakyRelu(Activation):
    """x for x > 0, else slope·x."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES})
    module: ClassVar[str] = "nn.LeakyReLU"

    negative_slope: float = Field(0.01, alias="slope", description="slope below zero")
