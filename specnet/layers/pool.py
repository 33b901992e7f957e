"""pool: `pool max F=3 S=2 P=0`, `pool avg F=2`, `pool avg global`, `pool avg to=6x6`; S is F unless said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from specnet.attributes import Count, Pair
from specnet.diagnostics import Code
from specnet.layers.base import Family, Layer, Refusal, Remark, Shape, Shapes, TorchCall, need_map, without
from specnet.layers.base.window import (
    AXES,
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


class Pool(Layer):
    """The maximum or the average of each window, channel by channel: H×W×C → H'×W'×C."""

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

    operation: Literal["max", "avg"]
    kernel_size: Pair | None = Field(None, alias="F")
    stride: Pair | None = Field(None, alias="S")
    padding: Padding = Field(((0, 0), (0, 0)), alias="P")
    dilation: Pair = Field((1, 1), alias="D")
    output_size: Pair | None = Field(None, alias="to")
    rounding: Rounding = "exact"
    count_include_pad: bool = True

    @model_validator(mode="after")
    def _one_way_of_sizing(self) -> Pool:
        """A pool has a window or a size to come to, and only max pooling is dilated (as in torch)."""
        if (self.kernel_size is None) == (self.output_size is None):
            raise ValueError("needs either a window `F` or a size `to`, and `global` is `to=1`")
        if self.output_size and (self.stride or self.padding != ((0, 0), (0, 0)) or self.dilation != (1, 1)):
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
            return (*self.output_size, channels)
        axes = self.axes(inputs)
        self._check_padding(axes)
        return (*slide(axes), channels)

    def _check_padding(self, axes: tuple[Axis, Axis]) -> None:
        """torch's rule: a window must not be padding for more than half."""
        for name, axis in zip(AXES, axes, strict=True):
            padding = max(axis.before, axis.after)
            if self.padding != "same" and padding > axis.extent // 2:
                fact = f"has padding wider than half its window: {padding} > {axis.extent}/2"
                raise Refusal(Code.E303, fact, ("padding",), f"{padding} of {axis.extent} in {name}")

    def remarks(self, inputs: Shapes) -> tuple[Remark, ...]:
        return () if self.output_size else slide_remarks(self.axes(inputs))

    def formula(self, inputs: Shapes) -> str:
        return "" if self.output_size else slide_formula(self.axes(inputs))

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        name = self.operation.capitalize()
        if self.output_size:
            return (TorchCall(f"nn.Adaptive{name}Pool2d", (one(self.output_size),)),)
        assert self.kernel_size
        axes = self.axes(inputs)
        pad, padding = torch_padding(axes, fill=float("-inf") if self.operation == "max" else 0.0)
        stride = self.stride or self.kernel_size
        keywords = {"stride": one(stride), "padding": padding, "ceil_mode": self.rounding == "ceil"}
        defaults = {"stride": one(self.kernel_size), "padding": 0, "ceil_mode": False}
        if self.operation == "max":
            keywords, defaults = keywords | {"dilation": one(self.dilation)}, defaults | {"dilation": 1}
        else:
            counted = self.count_include_pad and self.padding != "same"
            keywords, defaults = keywords | {"count_include_pad": counted}, defaults | {"count_include_pad": True}
        return *pad, TorchCall(f"nn.{name}Pool2d", (one(self.kernel_size),), without(keywords, defaults))
