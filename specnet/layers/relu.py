"""relu: rectified linear unit (Nair and Hinton 2010)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class Relu(Activation):
    """max(0, x)."""

    module: ClassVar[str] = "nn.ReLU"
