"""tanh: the hyperbolic tangent."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class Tanh(Activation):
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""

    module: ClassVar[str] = "nn.Tanh"
