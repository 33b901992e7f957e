"""add: the sum of arms, `add { | … | identity }`, `add @e1` (ResNet, He et al. 2015)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.layers.base import Shapes, TorchCall
from specnet.layers.base.elementwise import Elementwise, list_partial_results
from specnet.layers.base.traits import Trait, Traits


class Add(Elementwise):
    """x₁ + x₂ + …, element by element; 1×1×C is repeated over the positions of H×W×C, H×1×C along its width."""

    kind_traits: ClassVar[Traits] = Elementwise.kind_traits | {Trait.SUMS}

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the gradient of the first arms, where it is a sum of the output's."""
        *partial, whole = list_partial_results(inputs)
        return max((prod(shape) for shape in partial if shape != whole), default=0)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.add", joins="fold"),)
