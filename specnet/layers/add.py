"""add: the sum of arms of equal shapes, `add { | … | identity }`, `add @e1` (ResNet, He et al. 2015)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, format_shapes
from specnet.layers.base.families import Join
from specnet.layers.base.traits import Trait, Traits


class Add(Join):
    """x₁ + x₂ + …, element by element, for inputs of equal shapes."""

    kind_traits: ClassVar[Traits] = frozenset({Trait.EQUAL_SHAPES})

    def output(self, inputs: Shapes) -> Shape:
        if len(set(inputs)) > 1:
            raise LayerError(
                Code.E310, f"has arms that differ in shape: {format_shapes(inputs)}", (), format_shapes(inputs)
            )
        return inputs[0]

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        return other

    def scratch(self, inputs: Shapes) -> int:
        """Return the sum of the first arms, where there are more than two."""
        return prod(inputs[0]) if len(inputs) > 2 else 0

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.add", joins="fold"),)
