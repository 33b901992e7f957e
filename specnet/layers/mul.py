"""mul: the product of arms, `mul { | identity | … -> sigmoid }`, `mul @gate` (squeeze-excitation, Hu et al. 2017)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, format_shapes
from specnet.layers.base.families import Join
from specnet.layers.base.traits import SAME_POSITION, Kept, Reach, ReceptiveField


class Mul(Join):
    """x₁·x₂·…, element by element; 1×1×C is broadcast over the positions of H×W×C, and H×W×1 over its channels."""

    shares_gradient: ClassVar[bool] = False

    def output(self, inputs: Shapes) -> Shape:
        whole = max(inputs, key=prod)
        gates = {whole, (1, 1, *whole[2:]), (*whole[:2], 1)} if len(whole) == 3 else {whole}
        if not gates.issuperset(inputs):
            fact = f"has arms that differ in shape: {format_shapes(inputs)}"
            note = "beside H×W×C an arm may be 1×1×C or H×W×1"
            raise LayerError(Code.E310, fact, (), format_shapes(inputs), (note,))
        return whole

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        return other

    def converter(self, shape: Shape, other: Shape) -> str:
        is_gate = len(shape) == 1 and len(other) == 3 and shape[0] == other[2]
        return f"reshape 1x1x{shape[0]}" if is_gate else ""

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        """Return the same position of each input, or the only position of a 1×1×C gate."""
        whole = self.output(inputs)
        return tuple(
            SAME_POSITION if shape[:2] == whole[:2] else (Reach(stride=0), Reach(stride=0)) for shape in inputs
        )

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(inputs=tuple(range(len(inputs))), elements=(len(inputs) - 2) * prod(self.output(inputs)))

    def scratch(self, inputs: Shapes) -> int:
        """Return the product of the first arms, where there are more than two."""
        return prod(self.output(inputs)) if len(inputs) > 2 else 0

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.mul", joins="fold"),)
