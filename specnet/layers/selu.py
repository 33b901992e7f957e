"""selu: self-normalising linear unit (Klambauer et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.families import Activation


class Selu(Activation):
    """1.0507·(x for x > 0, else 1.6733·(eˣ − 1))."""

    module: ClassVar[str] = "nn.SELU"
