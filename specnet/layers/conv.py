"""conv: a two-dimensional convolution, `conv K=96 F=11 S=4 P=0 D=1 G=1 bias=yes`."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from pydantic import Field

from specnet.attributes import Count, Pair
from specnet.diagnostics import Code
from specnet.layers.base import (
    Family,
    Layer,
    Refusal,
    Remark,
    Shape,
    Shapes,
    TorchCall,
    need_map,
    within_bounds,
    without,
)
from specnet.layers.base.window import (
    Axis,
    Padding,
    Rounding,
    one,
    slide,
    slide_formula,
    slide_remarks,
    sliding,
    torch_padding,
)


class Conv(Layer):
    """K filters of F×F over all channels (of a group): H×W×C → H'×W'×K."""

    family: ClassVar[Family] = Family.CONVOLUTION
    positional: ClassVar[tuple[str, ...]] = ("out_channels",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"floor": ("rounding", "floor")}

    out_channels: Count = Field(alias="K")
    kernel_size: Pair = Field(alias="F")
    stride: Pair = Field((1, 1), alias="S")
    padding: Padding = Field(((0, 0), (0, 0)), alias="P")
    dilation: Pair = Field((1, 1), alias="D")
    groups: Count = Field(1, alias="G")
    bias: bool = True
    rounding: Rounding = "exact"

    def axes(self, inputs: Shapes) -> tuple[Axis, Axis]:
        """How the window slides along height and width."""
        return sliding(inputs, self.kernel_size, self.stride, self.padding, self.dilation, self.rounding)

    def output(self, inputs: Shapes) -> Shape:
        for amount, what in ((need_map(inputs)[2], "arriving channels"), (self.out_channels, "filters")):
            if amount % self.groups:
                fact = f"cannot split {amount} {what} into {self.groups} equal groups"
                raise Refusal(Code.E304, fact, ("groups",), f"{amount}/{self.groups} = {amount / self.groups:g}")
        return within_bounds((*slide(self.axes(inputs)), self.out_channels))

    def remarks(self, inputs: Shapes) -> tuple[Remark, ...]:
        return slide_remarks(self.axes(inputs))

    def formula(self, inputs: Shapes) -> str:
        return slide_formula(self.axes(inputs))

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        weight = (self.out_channels, inputs[0][2] // self.groups, *self.kernel_size)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def macs(self, inputs: Shapes) -> int:
        """K·(C/G)·F·F·H'·W': each output reads one window of its group's channels."""
        return prod(self.parameters(inputs)["weight"]) * prod(self.output(inputs)[:2])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        pad, padding = torch_padding(self.axes(inputs))
        keywords = {"stride": one(self.stride), "padding": padding, "dilation": one(self.dilation)}
        keywords |= {"groups": self.groups, "bias": self.bias}
        defaults = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
        arguments = (inputs[0][2], self.out_channels, one(self.kernel_size))
        return *pad, TorchCall("nn.Conv2d", arguments, without(keywords, defaults))
