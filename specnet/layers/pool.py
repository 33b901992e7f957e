"""pool: `pool max F=3 S=2 P=0`, `pool avg F=2`, `pool avg global`, `pool avg to=6x6`; S defaults to F."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from specnet.attributes import Pair
from specnet.diagnostics import Code
from specnet.layers.base import (
    Family,
    Layer,
    LayerError,
    LayerNote,
    Shape,
    Shapes,
    TorchCall,
    check_bounds,
    is_sequence,
    require_map,
)
from specnet.layers.base.alternatives import (
    Alternative,
    Alternatives,
    vary_dilation,
    vary_padding,
    vary_rounding,
    vary_stride,
    vary_window,
)
from specnet.layers.base.padding import UNPADDED, Padding, collapse_pair
from specnet.layers.base.traits import (
    KEEPS_NOTHING,
    Elements,
    Kept,
    Reach,
    ReceptiveField,
    Trait,
    Traits,
    Workload,
    divide,
)
from specnet.layers.base.window import (
    AXES,
    Rounding,
    WindowAxes,
    WindowAxis,
    Windowed,
    compute_pad_sides,
    compute_positions,
    count_padded,
    is_symmetric,
    make_axes,
    make_pad_call,
    pad_in_module,
)

OTHERWISE = "; `ceil` would add a window that extends beyond the edge"
"""What a line may say in place of `floor`."""

GLOBAL = (1, 1)
"""The size to come to of `global`."""

MAX_PADDING = float("-inf")
"""The padding of a maximum, which never wins."""


class Pool(Windowed):
    """The maximum or the average of each window, channel by channel: H×W×C → H'×W'×C.

    `global` pools the whole map, H×W×C → 1×1×C, or all tokens of a sequence, L×C → C.
    An average includes explicit padding as zeros, like torch, and excludes the padding of `P=same`, like Keras.
    """

    family: ClassVar[Family] = Family.POOLING
    kind_traits: ClassVar[Traits] = frozenset({Trait.POOLS, Trait.KEEPS_UNIT_RANGE})
    positional: ClassVar[tuple[str, ...]] = ("operation",)
    usual: ClassVar[tuple[str, ...]] = ("max F=2", "avg F=2", "max global", "avg global")
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {
        "max": ("operation", "max"),
        "avg": ("operation", "avg"),
        "global": ("output_size", GLOBAL),
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
        """Require either a window or an output size, and allow dilation only for max pooling, as torch does."""
        if self.kernel_size is None and self.output_size is None:
            raise PydanticCustomError(
                "missing", "needs the size of its window, as `F=2`, or `global` for the whole map"
            )
        if self.kernel_size and self.output_size:
            raise ValueError("has a window, `F`, and a size to come to, `to` or `global`: it takes only one of them")
        if self.output_size and (self.stride or self.padding != UNPADDED or self.dilation != (1, 1)):
            raise ValueError("takes no `S`, `P` or `D` when its output size is given")
        if self.operation == "avg" and self.dilation != (1, 1):
            raise ValueError("takes `D` with `max` only")
        return self

    @property
    def traits(self) -> Traits:
        return self.kind_traits | {Trait.LINEAR, Trait.TRANSPARENT} if self.operation == "avg" else self.kind_traits

    @property
    def slides(self) -> bool:
        return self.kernel_size is not None

    @property
    def workload(self) -> Workload:
        return Workload.POOLING

    def operations(self, inputs: Shapes) -> int:
        """Return the elements that all windows read, some of them several times."""
        if not self.kernel_size:
            return prod(inputs[0])
        return prod(self.output(inputs)) * prod(self.kernel_size)

    @property
    def period(self) -> tuple[int, int]:
        return self.output_size or super().period

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        """Return whether windows leave a remainder or, of a given output size, differ in size."""
        if not self.output_size:
            return super().rounds(inputs)
        if is_sequence(inputs[0]):
            return False, False
        height, width = (before % after > 0 for before, after in zip(inputs[0][:2], self.output_size, strict=True))
        return height, width

    def axes(self, inputs: Shapes) -> WindowAxes:
        """Return the axes along height and width; only for a pool with a window."""
        assert self.kernel_size
        stride = self.stride or self.kernel_size
        return make_axes(inputs, self.kernel_size, stride, self.padding, self.dilation, self.rounding)

    def output(self, inputs: Shapes) -> Shape:
        if is_sequence(inputs[0]) and self.output_size == GLOBAL:
            return inputs[0][1:]
        channels = require_map(inputs)[2]
        if self.output_size:
            return check_bounds((*self.output_size, channels))
        axes = self.axes(inputs)
        for name, axis in zip(AXES, axes, strict=True):
            if _is_wide(axis) and self.padding != "same":
                padding = max(axis.before, axis.after)
                fact = f"has padding wider than half its window: {padding} > {axis.window}/2"
                raise LayerError(Code.E303, fact, ("padding",), f"{padding} of {axis.window} in {name}")
        return (*compute_positions(axes, self.window, OTHERWISE), channels)

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        return () if self.output_size else super().notes(inputs)

    def formula(self, inputs: Shapes) -> str:
        return "" if self.output_size else super().formula(inputs)

    def macs(self, inputs: Shapes) -> int:
        return 0

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        if not self.output_size:
            return super().receptive_field(inputs)
        if is_sequence(inputs[0]):
            return (Elements.SOME,)
        sizes = zip(inputs[0][:2], self.output_size, strict=True)
        height, width = (_compute_adaptive_reach(before, after) for before, after in sizes)
        return ((height, width),)

    def kept(self, inputs: Shapes) -> Kept:
        """Return the input and, of a maximum, its place in each window; a mean of the whole map needs only its size.

        Of an average that does not count its padding, also the share of pixels in each window.
        """
        if is_sequence(inputs[0]) and not self._is_mean:
            return Kept(inputs=(0,), output=True)
        indices = prod(self.output(inputs)) if self.operation == "max" else 0
        if self.output_size:
            return KEEPS_NOTHING if self._is_mean else Kept(inputs=(0,), indices=indices)
        axes, channels = self.axes(inputs), inputs[0][2]
        if self._pads_in_module(axes):
            return Kept(inputs=(0,), indices=indices)
        shares = 0 if self.operation == "max" or self._counts_padding else prod(self.output(inputs)[:2])
        return Kept(elements=count_padded(axes, channels), indices=indices, statistics=shares)

    def scratch(self, inputs: Shapes) -> int:
        return self.kept(inputs).elements

    def value_in_force(self, field: str) -> Any:
        return self.stride or self.kernel_size if field == "stride" else super().value_in_force(field)

    def spell_out(self) -> Layer:
        """Return the layer with its stride, and with a word on padding only where an average has some to count."""
        counts = self._counts_padding or self.operation == "max" or self.padding == UNPADDED
        own = {"stride": self.value_in_force("stride"), "count_include_pad": counts}
        return super().spell_out().model_copy(update=own)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        if self.kernel_size:
            yield from vary_stride(self.stride or self.kernel_size)
            yield from vary_window(self.kernel_size)
            yield from vary_padding(self.padding, self.kernel_size[0], self.dilation[0])
            yield from vary_rounding("ceil", "floor", is_customary=self.rounding == "exact")
        elif wanted:
            yield Alternative("output_size", wanted[:2], 1.0)
        yield from vary_dilation(self.dilation)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if is_sequence(inputs[0]):
            return (TorchCall("torch.mean" if self._is_mean else "torch.amax", dim=1),)
        if self.output_size:
            module = f"nn.Adaptive{self.operation.capitalize()}Pool2d"
            return (TorchCall(module, output_size=collapse_pair(self.output_size)),)
        axes = self.axes(inputs)
        return self._max(axes) if self.operation == "max" else self._avg(axes)

    def _max(self, axes: WindowAxes) -> tuple[TorchCall, ...]:
        pad, padding = pad_in_module(axes, MAX_PADDING)
        if not self._pads_in_module(axes):
            pad, padding = (make_pad_call(axes, MAX_PADDING),), 0
        ceil = self.rounding == "ceil"
        dilation = collapse_pair(self.dilation)
        return *pad, TorchCall("nn.MaxPool2d", **self._window, padding=padding, dilation=dilation, ceil_mode=ceil)

    def _avg(self, axes: WindowAxes) -> tuple[TorchCall, ...]:
        counted, ceil = self._counts_padding, self.rounding == "ceil"
        if not (counted or is_symmetric(axes)):
            sides = compute_pad_sides(axes)
            return (TorchCall("modules.PaddedAvgPool2d", **self._window, padding=sides, ceil_mode=ceil),)
        pad, padding = pad_in_module(axes)
        average = TorchCall(
            "nn.AvgPool2d",
            **self._window,
            padding=padding,
            ceil_mode=ceil,
            count_include_pad=counted or not padding,
        )
        return *pad, average

    @property
    def _is_mean(self) -> bool:
        """Whether it is the mean of a whole map, which torch computes as such."""
        return self.operation == "avg" and self.output_size == GLOBAL

    @property
    def _counts_padding(self) -> bool:
        return self.count_include_pad and self.padding != "same"

    def _pads_in_module(self, axes: WindowAxes) -> bool:
        """Whether torch's module pads; it refuses a wide padding, as that of `same` for a dilated window."""
        return is_symmetric(axes) and not any(map(_is_wide, axes))

    @property
    def _window(self) -> dict[str, Any]:
        """The arguments of torch's modules for the window's size and stride."""
        assert self.kernel_size
        return {
            "kernel_size": collapse_pair(self.kernel_size),
            "stride": collapse_pair(self.stride or self.kernel_size),
        }


def _compute_adaptive_reach(before: int, after: int) -> Reach:
    """Return the windows ⌊i·N/M⌋ to ⌈(i + 1)·N/M⌉ − 1 with which torch pools N positions to M."""
    return Reach(0, divide(before - 1, after), divide(before, after))


def _is_wide(axis: WindowAxis) -> bool:
    """Whether padding breaks torch's rule of at most half of F, dilated or not."""
    return max(axis.before, axis.after) > axis.window // 2
