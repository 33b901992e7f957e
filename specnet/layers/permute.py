"""permute: a map's axes in another order, `permute WHC` for the transposed map."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from specnet.layers.base import Family, Layer, Shape, Shapes, TorchCall, need_map

TORCH = {"C": 1, "H": 2, "W": 3}
"""The dimensions of N×C×H×W."""


class Permute(Layer):
    """`permute WHC`: what was the width becomes the height, and so on: H×W×C → W×H×C."""

    family: ClassVar[Family] = Family.RESHAPING
    positional: ClassVar[tuple[str, ...]] = ("order",)

    order: Literal["HWC", "HCW", "WHC", "WCH", "CHW", "CWH"] = Field(description="order of the axes, as WHC")

    def output(self, inputs: Shapes) -> Shape:
        need_map(inputs)
        return tuple(inputs[0]["HWC".index(axis)] for axis in self.order)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        height, width, channels = (TORCH[axis] for axis in self.order)
        return (TorchCall("torch.permute", dims=(0, channels, height, width)),)
