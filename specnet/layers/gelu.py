"""gelu: Gaussian error linear unit, `gelu`, `gelu approximate=tanh` (Hendrycks and Gimpel 2016)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from specnet.layers.base.families import Activation
from specnet.layers.base.traits import Storage, Trait, Traits


class Gelu(Activation):
    """x·Φ(x) with the normal distribution function Φ, or with `tanh`, x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))."""

    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES})
    module: ClassVar[str] = "nn.GELU"

    approximate: Literal["none", "tanh"] = Field("none", description="formula that stands for Φ")
