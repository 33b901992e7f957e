"""conv: a two-dimensional convolution, `conv K=96 F=11 S=4 P=0 D=1 G=1 bias=yes`."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, Literal

from pydantic import Field

from specnet.attributes import Count, Pair
from specnet.layers.base import (
    Family,
    Shape,
    Shapes,
    TorchCall,
    check_bounds,
    format_filters,
    require_map,
    split_groups,
)
from specnet.layers.base.alternatives import (
    Alternatives,
    vary_dilation,
    vary_filter_groups,
    vary_padding,
    vary_rounding,
    vary_size,
    vary_stride,
    vary_window,
)
from specnet.layers.base.families import FREEZE, INIT, Freeze, Init
from specnet.layers.base.layer import Projection
from specnet.layers.base.padding import UNPADDED, Padding, collapse_pair
from specnet.layers.base.traits import Autocast, Kept, Trait, Traits, Workload, choose_convolution
from specnet.layers.base.window import WindowAxes, Windowed, compute_positions, keep_read, make_axes, pad_in_module


class Conv(Windowed):
    """K filters of F×F over all channels of a group: H×W×C → H'×W'×K, with H' = (H − F + 2P)/S + 1."""

    family: ClassVar[Family] = Family.CONVOLUTION
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.LEARNS_WEIGHT})
    autocast: ClassVar[Autocast] = Autocast.LOWER
    output_field: ClassVar[str] = "out_channels"
    projection: ClassVar[Projection | None] = Projection(("out_channels", "stride"), {"kernel_size": 1})
    positional: ClassVar[tuple[str, ...]] = ("out_channels",)
    usual: ClassVar[tuple[str, ...]] = ("F=3 P=1", "F=1")
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"floor": ("rounding", "floor")}

    out_channels: Count = Field(alias="K", description="number of filters")
    kernel_size: Pair = Field(alias="F", description="filter's size, as 3 or 3x5")
    stride: Pair = Field((1, 1), alias="S", description="stride, as 2 or 2x1")
    padding: Padding = Field(UNPADDED, alias="P", description="padding in pixels, as 1, 1x2, 0:1 or `same`")
    dilation: Pair = Field((1, 1), alias="D", description="dilation, as 2 or 2x1")
    groups: Count = Field(1, alias="G", description="number of groups")
    bias: bool = Field(True, description="learned number added to each filter's output")
    rounding: Literal["exact", "floor"] = Field("exact", description="rule where the window does not fit")
    init: Init = INIT
    freeze: Freeze = FREEZE

    @property
    def traits(self) -> Traits:
        some = {Trait.ADDS_BIAS: self.bias, Trait.GROUPED: self.groups > 1}
        return self.kind_traits | {trait for trait, holds in some.items() if holds}

    def notation(self, with_stride: bool = False) -> str:
        return format_filters(self.kernel_size, self.out_channels, self.groups, self.stride if with_stride else (1, 1))

    @property
    def workload(self) -> Workload:
        return choose_convolution(self.kernel_size, self.groups, self.out_channels)

    def axes(self, inputs: Shapes) -> WindowAxes:
        return make_axes(inputs, self.kernel_size, self.stride, self.padding, self.dilation, self.rounding)

    @property
    def channel_period(self) -> int:
        return self.groups

    def output(self, inputs: Shapes) -> Shape:
        split_groups(require_map(inputs)[2], self.groups, "input channels")
        split_groups(self.out_channels, self.groups, "filters")
        check_bounds(self.parameters(inputs)["weight"], "have weights of")
        return check_bounds((*compute_positions(self.axes(inputs), self.window), self.out_channels))

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        weight = (self.out_channels, inputs[0][2] // self.groups, *self.kernel_size)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def macs(self, inputs: Shapes) -> int:
        """Return K·(C/G)·F·F·H'·W', as each output element reads one window of its group's channels."""
        return prod(self.parameters(inputs)["weight"]) * prod(self.output(inputs)[:2])

    def kept(self, inputs: Shapes) -> Kept:
        return keep_read(self.axes(inputs), inputs[0][2])

    def scratch(self, inputs: Shapes) -> int:
        return self.kept(inputs).elements

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_stride(self.stride)
        yield from vary_window(self.kernel_size)
        yield from vary_padding(self.padding, self.kernel_size[0], self.dilation[0])
        yield from vary_size("out_channels", self.out_channels, wanted, self.groups)
        yield from vary_filter_groups("groups", self.groups, inputs[0][-1], self.out_channels)
        yield from vary_rounding("floor")
        yield from vary_dilation(self.dilation)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        pad, padding = pad_in_module(self.axes(inputs))
        conv = TorchCall(
            "nn.Conv2d",
            in_channels=inputs[0][2],
            out_channels=self.out_channels,
            kernel_size=collapse_pair(self.kernel_size),
            stride=collapse_pair(self.stride),
            padding=padding,
            dilation=collapse_pair(self.dilation),
            groups=self.groups,
            bias=self.bias,
        )
        return *pad, conv
