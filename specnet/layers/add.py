"""add: the sum of arms of one shape, `add { | … | identity }`, `add @e1` (ResNet, He et al. 2015)."""

from __future__ import annotations

from typing import ClassVar

from specnet.diagnostics import Code
from specnet.layers.base import Family, Layer, Refusal, Shape, Shapes, TorchCall, listed


class Add(Layer):
    """x₁ + x₂ + …, number by number; all of the same shape."""

    family: ClassVar[Family] = Family.JOIN

    def output(self, inputs: Shapes) -> Shape:
        if len(set(inputs)) > 1:
            raise Refusal(Code.E310, f"has arms that differ in shape: {listed(inputs)}", (), listed(inputs))
        return inputs[0]

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.add", joins="fold"),)
