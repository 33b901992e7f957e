"""relu6: rectified linear unit with a ceiling (Krizhevsky 2010)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class Relu6(Activation):
    """min(max(0, x), 6)."""

    module: ClassVar[str] = "nn.ReLU6"
