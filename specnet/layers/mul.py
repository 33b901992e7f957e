"""mul: the product of arms, `mul { | identity | … -> sigmoid }`, `mul @gate` (squeeze-excitation, Hu et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Shapes, TorchCall
from specnet.layers.base.elementwise import Product
from specnet.layers.base.traits import Traits


class Mul(Product):
    """x₁·x₂·…, element by element; a gate is repeated: 1×1×C over the positions of H×W×C, H×W×1 over its channels."""

    kind_traits: ClassVar[Traits] = frozenset()

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.mul", joins="fold"),)
