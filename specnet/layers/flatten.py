"""flatten: a map becomes a vector, H×W×C → H·W·C."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.layers.base import Family, Layer, Shape, Shapes, TorchCall, within_bounds


class Flatten(Layer):
    """All numbers of a map in a row, channel by channel as torch lays them; a vector stays as it is."""

    family: ClassVar[Family] = Family.RESHAPING

    def output(self, inputs: Shapes) -> Shape:
        return within_bounds((prod(inputs[0]),))

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.flatten", start_dim=1),)
