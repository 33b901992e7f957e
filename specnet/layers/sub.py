"""sub: the difference of two arms, `sub { | identity | … }`, `sub @noise` (DnCNN, Zhang et al. 2017)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.layers.base import Shapes, TorchCall
from specnet.layers.base.elementwise import Elementwise
from specnet.layers.base.traits import Arity


class Sub(Elementwise):
    """x₁ − x₂, element by element; 1×1×C is repeated over the positions of H×W×C, H×1×C along its width."""

    arity: ClassVar[Arity] = Arity(2, 2)
    operator: ClassVar[str] = "−"

    def passes_gradient(self, inputs: Shapes) -> tuple[bool, ...]:
        """Return that of the first input; the second one's has the other sign."""
        return super().passes_gradient(inputs)[0], False

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the gradient of the other sign where the second input's is a sum of it."""
        whole = self.output(inputs)
        return prod(whole) if inputs[1] != whole else 0

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.sub", joins="fold"),)
