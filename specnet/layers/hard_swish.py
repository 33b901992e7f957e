"""hard_swish: swish in pieces without an exponential (MobileNetV3, Howard et al. 2019)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.activation import Activation


class HardSwish(Activation):
    """x·min(max(0, x + 3), 6)/6."""

    module: ClassVar[str] = "nn.Hardswish"
