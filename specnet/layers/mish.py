"""mish: self-regularised non-monotonic unit (Misra 2019)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class Mish(Activation):
    """x·tanh(log(1 + eˣ))."""

    module: ClassVar[str] = "nn.Mish"
