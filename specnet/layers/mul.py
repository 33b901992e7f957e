"""mul: the product of arms, `mul { | identity | … -> sigmoid }`, `mul @gate` (squeeze-excitation, Hu et al. 2017)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.diagnostics import Code
from specnet.layers.base import Family, Layer, LayerError, Shape, Shapes, TorchCall, format_shapes


class Mul(Layer):
    """x₁·x₂·…, number by number; 1×1×C stands for every position of H×W×C, and H×W×1 for every channel."""

    family: ClassVar[Family] = Family.JOIN

    def output(self, inputs: Shapes) -> Shape:
        whole = max(inputs, key=prod)
        gates = {whole, (1, 1, *whole[2:]), (*whole[:2], 1)} if len(whole) == 3 else {whole}
        if not gates.issuperset(inputs):
            fact = f"has arms that differ in shape: {format_shapes(inputs)}"
            note = "beside H×W×C an arm may be 1×1×C or H×W×1"
            raise LayerError(Code.E310, fact, (), format_shapes(inputs), (note,))
        return whole

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.mul", joins="fold"),)
