"""filter: a fixed, untrained kernel on each channel, `filter sobel_x`, `filter gaussian_blur S=2 P=1`,
`filter kernel=[[1, 0, -1], [2, 0, -2], [1, 0, -1]]` (Gonzalez and Woods, "Digital Image Processing", chapter 3)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specnet.attributes import Pair
from specnet.layers.base import Family, Shape, Shapes, TorchCall, require_map
from specnet.layers.base.alternatives import Alternatives, vary_padding, vary_rounding, vary_stride
from specnet.layers.base.kernels import KERNELS, KernelName, Rows
from specnet.layers.base.padding import UNPADDED, Padding, collapse_pair
from specnet.layers.base.traits import Autocast, Kept, Trait, Traits, Workload
from specnet.layers.base.window import WindowAxes, Windowed, compute_positions, keep_read, make_axes, pad_in_module


def _parse_rows(value: object) -> object:
    """Parse a list of rows; raises ValueError if they differ in length."""
    if not isinstance(value, list):
        return value
    if not value or not all(isinstance(row, list) and row and len(row) == len(value[0]) for row in value):
        raise ValueError("its rows are lists of equal length")
    return tuple(map(tuple, value))


class Filter(Windowed):
    """The kernel applied to each channel separately: H×W×C → H'×W'×C, with the sizes of a conv."""

    family: ClassVar[Family] = Family.CONVOLUTION
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR})
    autocast: ClassVar[Autocast] = Autocast.LOWER
    window: ClassVar[str] = "kernel"
    positional: ClassVar[tuple[str, ...]] = ("kernel",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"floor": ("rounding", "floor")}

    kernel: Annotated[KernelName | Rows, BeforeValidator(_parse_rows)] = Field(
        description="kernel, as sobel_x or [[1, 0, -1], [2, 0, -2], [1, 0, -1]]"
    )
    stride: Pair = Field((1, 1), alias="S", description="stride, as 2 or 2x1")
    padding: Padding = Field(UNPADDED, alias="P", description="padding in pixels, as 1, 1x2, 0:1 or `same`")
    rounding: Literal["exact", "floor"] = Field("exact", description="rule where the window does not fit")

    @property
    def rows(self) -> Rows:
        """The kernel's weights, row by row."""
        return KERNELS[self.kernel] if isinstance(self.kernel, str) else self.kernel

    @property
    def kernel_size(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])

    @property
    def workload(self) -> Workload:
        return Workload.DEPTHWISE

    def operations(self, inputs: Shapes) -> int:
        return prod(self.output(inputs)) * prod(self.kernel_size)

    def axes(self, inputs: Shapes) -> WindowAxes:
        return make_axes(inputs, self.kernel_size, self.stride, self.padding, (1, 1), self.rounding)

    def output(self, inputs: Shapes) -> Shape:
        return *compute_positions(self.axes(inputs), self.window), require_map(inputs)[2]

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {"kernel": self.kernel_size}

    def macs(self, inputs: Shapes) -> int:
        """Return 0, as products with a fixed kernel do not count, like those of pooling."""
        return 0

    def kept(self, inputs: Shapes) -> Kept:
        return keep_read(self.axes(inputs), inputs[0][2])

    def scratch(self, inputs: Shapes) -> int:
        return self.kept(inputs).elements

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_stride(self.stride)
        yield from vary_padding(self.padding, self.kernel_size[0])
        yield from vary_rounding("floor")

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        pad, padding = pad_in_module(self.axes(inputs))
        return *pad, TorchCall("modules.Filter", kernel=self.rows, stride=collapse_pair(self.stride), padding=padding)
