"""deconv: a transposed convolution, `deconv K=64 F=2 S=2 P=0 OP=0 D=1 G=1 bias=yes` (Zeiler et al. 2010)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from pydantic import Field, model_validator

from specnet.attributes import Count, Pair
from specnet.diagnostics import Code
from specnet.layers.base import (
    Family,
    Layer,
    LayerError,
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
    vary_output_padding,
    vary_padding,
    vary_size,
    vary_stride,
    vary_window,
)
from specnet.layers.base.families import FREEZE, INIT, Freeze, Init
from specnet.layers.base.padding import UNPADDED, Padding, PixelPair, collapse_pair
from specnet.layers.base.traits import (
    KEEPS_INPUT,
    Autocast,
    Kept,
    Reach,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    Workload,
    choose_convolution,
    divide,
)
from specnet.layers.base.window import AXES


@dataclass(frozen=True)
class TransposedAxis:
    """One axis of a transposed convolution.

    `size` is N, `extent` is D(F − 1) + 1; `before` and `after` are the pixels cut off, `added` the pixels added.
    """

    size: int
    stride: int
    extent: int
    before: int
    after: int
    added: int

    @property
    def output(self) -> int:
        return (self.size - 1) * self.stride + self.extent - self.before - self.after + self.added

    @property
    def reach(self) -> Reach:
        """The input positions that an output position i reads, ⌈(i + P − F + 1)/S⌉ to ⌊(i + P)/S⌋."""
        first, last = self.before - self.extent + self.stride, max(self.before, self.before - self.extent + self.stride)
        return Reach(divide(first, self.stride), divide(last, self.stride), divide(1, self.stride))

    @property
    def arithmetic(self) -> str:
        """The formula with actual numbers: (13 − 1)·2 + 3 − 2 + 1 = 26."""
        cut = self.before + self.after
        return f"({self.size} − 1)·{self.stride} + {self.extent} − {cut} + {self.added} = {self.output}"


class Deconv(Layer):
    """The transpose of a convolution: H×W×C → H'×W'×K, with H' = (H − 1)S + F − 2P + OP.

    With dilation, D(F − 1) + 1 replaces F. `P` cuts off the padding of the corresponding convolution; `P=same` gives
    H·S, as in Keras and TensorFlow.
    """

    family: ClassVar[Family] = Family.CONVOLUTION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.LEARNS_WEIGHT})
    autocast: ClassVar[Autocast] = Autocast.LOWER
    output_field: ClassVar[str] = "out_channels"
    positional: ClassVar[tuple[str, ...]] = ("out_channels",)
    usual: ClassVar[tuple[str, ...]] = ("F=2 S=2", "F=4 S=2 P=1")

    out_channels: Count = Field(alias="K", description="number of filters")
    kernel_size: Pair = Field(alias="F", description="filter's size, as 3 or 3x5")
    stride: Pair = Field((1, 1), alias="S", description="stride, as 2 or 2x1")
    padding: Padding = Field(UNPADDED, alias="P", description="pixels cut off, as 1, 1x2, 0:1 or `same`")
    output_padding: PixelPair = Field((0, 0), alias="OP", description="pixels added at the end, as 1 or 1x0")
    dilation: Pair = Field((1, 1), alias="D", description="dilation, as 2 or 2x1")
    groups: Count = Field(1, alias="G", description="number of groups")
    bias: bool = Field(True, description="learned number added to each filter's output")
    init: Init = INIT
    freeze: Freeze = FREEZE

    @model_validator(mode="after")
    def _output_padding_is_small(self) -> Deconv:
        """Apply torch's rule: `OP` is smaller than the stride or the dilation."""
        for added, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if added >= max(stride, dilation):
                raise ValueError(f"takes an `OP` below its stride or its dilation: {added} is not below {stride}")
        if self.padding == "same" and self.output_padding != (0, 0):
            raise ValueError("takes no `OP` with `P=same`")
        return self

    @property
    def traits(self) -> Traits:
        some = {Trait.ADDS_BIAS: self.bias, Trait.GROUPED: self.groups > 1}
        return self.kind_traits | {trait for trait, holds in some.items() if holds}

    def notation(self, with_stride: bool = False) -> str:
        filters = format_filters(
            self.kernel_size, self.out_channels, self.groups, self.stride if with_stride else (1, 1)
        )
        return f"deconv {filters}"

    @property
    def workload(self) -> Workload:
        return choose_convolution(self.kernel_size, self.groups, self.out_channels)

    def axes(self, inputs: Shapes) -> tuple[TransposedAxis, TransposedAxis]:
        """Return the axes along height and width; raises LayerError for a vector."""
        height, width, _ = require_map(inputs)
        return self._axis(0, height), self._axis(1, width)

    def _axis(self, i: int, size: int) -> TransposedAxis:
        stride, extent = self.stride[i], self.dilation[i] * (self.kernel_size[i] - 1) + 1
        if self.padding == "same":
            cut = max(0, extent - stride)
            return TransposedAxis(size, stride, extent, cut // 2, cut - cut // 2, max(0, stride - extent))
        return TransposedAxis(size, stride, extent, *self.padding[i], self.output_padding[i])

    @property
    def channel_period(self) -> int:
        return self.groups

    def output(self, inputs: Shapes) -> Shape:
        split_groups(require_map(inputs)[2], self.groups, "input channels")
        split_groups(self.out_channels, self.groups, "filters")
        check_bounds(self.parameters(inputs)["weight"], "have weights of")
        height, width = self.axes(inputs)
        for name, axis in zip(AXES, (height, width), strict=True):
            if axis.output < 1:
                fact = f"would come to a {name} of {axis.output}"
                raise LayerError(Code.E306, fact, ("padding",), f"(N − 1)S + F − 2P + OP = {axis.arithmetic}")
        return check_bounds((height.output, width.output, self.out_channels))

    def formula(self, inputs: Shapes) -> str:
        height, width = self.axes(inputs)
        return height.arithmetic if height == width else f"{height.arithmetic}; {width.arithmetic}"

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        weight = (inputs[0][2], self.out_channels // self.groups, *self.kernel_size)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def macs(self, inputs: Shapes) -> int:
        """Return C·(K/G)·F·F·H·W, as each input element is spread over one window of its group's filters."""
        return prod(self.parameters(inputs)["weight"]) * prod(inputs[0][:2])

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_output_padding(self.stride, self.output_padding)
        yield from vary_stride(self.stride)
        yield from vary_window(self.kernel_size)
        yield from vary_padding(self.padding, self.kernel_size[0], self.dilation[0])
        yield from vary_size("out_channels", self.out_channels, wanted, self.groups)
        yield from vary_filter_groups("groups", self.groups, inputs[0][-1], self.out_channels)
        yield from vary_dilation(self.dilation)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        height, width = (axis.reach for axis in self.axes(inputs))
        return ((height, width),)

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_INPUT

    def scratch(self, inputs: Shapes) -> int:
        """Return the map before the part is cut off that differs between the sides; 0 if there is none."""
        rest = [abs(axis.before - axis.after) for axis in self.axes(inputs)]
        height, width, channels = self.output(inputs)
        return (height + rest[0]) * (width + rest[1]) * channels if any(rest) else 0

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        """Return the deconvolution, and a negative F.pad for the part of the cut that is not the same on both sides."""
        height, width = self.axes(inputs)
        even = tuple(min(axis.before, axis.after) for axis in (height, width))
        deconv = TorchCall(
            "nn.ConvTranspose2d",
            in_channels=inputs[0][2],
            out_channels=self.out_channels,
            kernel_size=collapse_pair(self.kernel_size),
            stride=collapse_pair(self.stride),
            padding=collapse_pair(even),
            output_padding=collapse_pair((height.added, width.added)),
            groups=self.groups,
            bias=self.bias,
            dilation=collapse_pair(self.dilation),
        )
        rest = tuple(even[i] - side for i, axis in ((1, width), (0, height)) for side in (axis.before, axis.after))
        return (deconv, TorchCall("F.pad", pad=rest, mode="constant", value=None)) if any(rest) else (deconv,)
