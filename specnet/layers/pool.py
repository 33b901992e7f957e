"""pool: `pool max F=3 S=2 P=0`, `pool avg F=2`, `pool avg global`, `pool avg to=6x6`; S is F unless said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from specnet.attributes import Pair
from specnet.diagnostics import Code
from specnet.layers.base import Family, Refusal, Remark, Shape, Shapes, TorchCall, need_map, within_bounds, without
from specnet.layers.base.window import (
    AXES,
    UNPADDED,
    Axis,
    Padding,
    Rounding,
    Windowed,
    is_even,
    one,
    slide,
    sliding,
    torch_padding,
    torch_sides,
)


class Pool(Windowed):
    """The maximum or the average of each window, channel by channel: H×W×C → H'×W'×C.

    An average counts padding of a given number as zeros, as torch does, and the padding of `P=same` not, as Keras does.
    """

    family: ClassVar[Family] = Family.POOLING
    positional: ClassVar[tuple[str, ...]] = ("operation",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {
        "max": ("operation", "max"),
        "avg": ("operation", "avg"),
        "global": ("output_size", (1, 1)),
        "floor": ("rounding", "floor"),
        "ceil": ("rounding", "ceil"),
        "exclude_padding": ("count_include_pad", False),
    }

    operation: Literal["max", "avg"] = Field(description="choice of `max` or `avg`")
    kernel_size: Pair | None = Field(None, alias="F", description="window's size, as 3 or 3x5")
    stride: Pair | None = Field(None, alias="S", description="stride, as 2 or 2x1; F if it is not given")
    padding: Padding = Field(UNPADDED, alias="P", description="padding in pixels, as 1, 1x2, 0:1 or `same`")
    dilation: Pair = Field((1, 1), alias="D", description="dilation, as 2 or 2x1; of `max` only")
    output_size: Pair | None = Field(None, alias="to", description="size to come to, as 1 or 6x6")
    rounding: Rounding = Field("exact", description="rule where the window does not fit")
    count_include_pad: bool = Field(True, description="padding counted in an average")

    @model_validator(mode="after")
    def _one_way_of_sizing(self) -> Pool:
        """A pool has a window or a size to come to, and only max pooling is dilated (as in torch)."""
        if (self.kernel_size is None) == (self.output_size is None):
            raise ValueError("needs either a window `F` or a size `to`, and `global` is `to=1`")
        if self.output_size and (self.stride or self.padding != UNPADDED or self.dilation != (1, 1)):
            raise ValueError("takes no `S`, `P` or `D` when its output size is given")
        if self.operation == "avg" and self.dilation != (1, 1):
            raise ValueError("takes `D` with `max` only")
        return self

    def axes(self, inputs: Shapes) -> tuple[Axis, Axis]:
        """How the window slides; only for a pool that has one."""
        assert self.kernel_size
        stride = self.stride or self.kernel_size
        return sliding(inputs, self.kernel_size, stride, self.padding, self.dilation, self.rounding)

    def output(self, inputs: Shapes) -> Shape:
        channels = need_map(inputs)[2]
        if self.output_size:
            return within_bounds((*self.output_size, channels))
        axes = self.axes(inputs)
        _check_padding(axes)
        return (*slide(axes), channels)

    def remarks(self, inputs: Shapes) -> tuple[Remark, ...]:
        return () if self.output_size else super().remarks(inputs)

    def formula(self, inputs: Shapes) -> str:
        return "" if self.output_size else super().formula(inputs)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        name = self.operation.capitalize()
        if self.output_size:
            return (TorchCall(f"nn.Adaptive{name}Pool2d", (one(self.output_size),)),)
        assert self.kernel_size
        keywords = {"stride": one(self.stride or self.kernel_size), "ceil_mode": self.rounding == "ceil"}
        defaults = {"stride": one(self.kernel_size), "ceil_mode": False, "padding": 0}
        window, axes = one(self.kernel_size), self.axes(inputs)
        if self.operation == "max":
            pad, padding = torch_padding(axes, fill=float("-inf"))
            keywords |= {"padding": padding, "dilation": one(self.dilation)}
            return *pad, TorchCall("nn.MaxPool2d", (window,), without(keywords, defaults | {"dilation": 1}))
        counted = self.count_include_pad and self.padding != "same"
        if not (counted or is_even(axes)):
            return (TorchCall("modules.PaddedAvgPool2d", (window, torch_sides(axes)), without(keywords, defaults)),)
        pad, padding = torch_padding(axes)
        keywords |= {"padding": padding, "count_include_pad": counted or not padding}
        return *pad, TorchCall("nn.AvgPool2d", (window,), without(keywords, defaults | {"count_include_pad": True}))


def _check_padding(axes: tuple[Axis, Axis]) -> None:
    """torch's rule: a window must not be padding for more than half."""
    for name, axis in zip(AXES, axes, strict=True):
        padding = max(axis.before, axis.after)
        if padding > axis.extent // 2:
            fact = f"has padding wider than half its window: {padding} > {axis.extent}/2"
            raise Refusal(Code.E303, fact, ("padding",), f"{padding} of {axis.extent} in {name}")
