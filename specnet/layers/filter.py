"""filter: a fixed, untrained kernel on each channel, `filter sobel_x`, `filter gaussian_blur S=2 P=1`,
`filter kernel=[[1, 0, -1], [2, 0, -2], [1, 0, -1]]` (Gonzalez and Woods, "Digital Image Processing", chapter 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specnet.attributes import Pair
from specnet.layers.base import Family, Shape, Shapes, TorchCall, require_map
from specnet.layers.base.alternatives import Alternatives, nearby, other_padding, rounding_down
from specnet.layers.base.padding import UNPADDED, Padding, collapse_pair
from specnet.layers.base.traits import Trait, Traits
from specnet.layers.base.window import Axis, Windowed, compute_positions, make_axes, pad_in_module

Rows = tuple[tuple[float, ...], ...]
Name = Literal[
    "box_blur",
    "gaussian_blur",
    "sharpen",
    "emboss",
    "edge",
    "laplacian",
    "sobel_x",
    "sobel_y",
    "prewitt_x",
    "prewitt_y",
    "scharr_x",
    "scharr_y",
]

KERNELS: Mapping[Name, Rows] = {
    "box_blur": ((1 / 9,) * 3,) * 3,
    "gaussian_blur": ((1 / 16, 1 / 8, 1 / 16), (1 / 8, 1 / 4, 1 / 8), (1 / 16, 1 / 8, 1 / 16)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
    "edge": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "laplacian": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "sobel_x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobel_y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "prewitt_x": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "prewitt_y": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "scharr_x": ((-3, 0, 3), (-10, 0, 10), (-3, 0, 3)),
    "scharr_y": ((-3, -10, -3), (0, 0, 0), (3, 10, 3)),
}
"""Laid on the map as they stand here, not turned over: sobel_x is positive where it gets lighter to the right."""


def _rows(value: object) -> object:
    """Rows as they are written, lists in a list."""
    if not isinstance(value, list):
        return value
    if not value or not all(isinstance(row, list) and row and len(row) == len(value[0]) for row in value):
        raise ValueError("its rows are lists of equal length")
    return tuple(map(tuple, value))


class Filter(Windowed):
    """The sum of each window, weighted by the kernel, in each channel by itself: H×W×C → H'×W'×C, sized as by conv."""

    family: ClassVar[Family] = Family.CONVOLUTION
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR})
    window: ClassVar[str] = "kernel"
    positional: ClassVar[tuple[str, ...]] = ("kernel",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"floor": ("rounding", "floor")}

    kernel: Annotated[Name | Rows, BeforeValidator(_rows)] = Field(
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

    def axes(self, inputs: Shapes) -> tuple[Axis, Axis]:
        return make_axes(inputs, self.kernel_size, self.stride, self.padding, (1, 1), self.rounding)

    def output(self, inputs: Shapes) -> Shape:
        return *compute_positions(self.axes(inputs), self.window), require_map(inputs)[2]

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {"kernel": self.kernel_size}

    def macs(self, inputs: Shapes) -> int:
        """Products with a fixed kernel do not count, as those of a pool do not."""
        return 0

    def alternatives(self, inputs: Shapes, claim: Shape | None) -> Alternatives:
        yield from nearby("stride", self.stride[0])
        yield from other_padding(self.padding)
        yield from rounding_down(claim)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        pad, padding = pad_in_module(self.axes(inputs))
        return *pad, TorchCall("modules.Filter", kernel=self.rows, stride=collapse_pair(self.stride), padding=padding)
