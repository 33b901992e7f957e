"""sigmoid: the logistic function."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class Sigmoid(Activation):
    """1/(1 + e⁻ˣ)."""

    module: ClassVar[str] = "nn.Sigmoid"
