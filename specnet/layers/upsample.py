"""upsample: enlarges a map, `upsample 2`, `upsample like=@x`, `upsample to=64x64 bilinear align_corners`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from specnet.attributes import LARGEST, Pair, repeat_for_axes
from specnet.diagnostics import Code
from specnet.layers.base import (
    LayerError,
    Shape,
    Shapes,
    TorchCall,
    check_bounds,
    format_shape,
    require_map,
)
from specnet.layers.base.alternatives import Alternative, Alternatives
from specnet.layers.base.families import LIKE_FIELD, Reshaping, measure_like
from specnet.layers.base.padding import collapse_pair
from specnet.layers.base.traits import Elements, Reach, ReceptiveField, Storage, divide

Factor = Annotated[int | float, Field(gt=0, le=LARGEST)]

if TYPE_CHECKING:
    from specnet.layers.base.traits import Rational

FactorPair = Annotated[tuple[Factor, Factor], BeforeValidator(repeat_for_axes)]
"""Factors of height and width."""

MAX_PERIOD = 1000
"""The largest denominator that a factor is taken to have."""


class Upsample(Reshaping):
    """Resamples each channel: H×W×C → ⌊H·factor⌋×⌊W·factor⌋×C, or to a given size."""

    storage: ClassVar[Storage | None] = Storage.OWN
    size_field: ClassVar[str] = "size"
    later_fields: ClassVar[frozenset[str]] = frozenset({"like"})
    positional: ClassVar[tuple[str, ...]] = ("scale_factor",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {
        "nearest": ("mode", "nearest"),
        "nearest_exact": ("mode", "nearest_exact"),
        "bilinear": ("mode", "bilinear"),
        "bicubic": ("mode", "bicubic"),
        "align_corners": ("align_corners", True),
    }

    scale_factor: FactorPair | None = Field(None, alias="factor", description="factor, as 2 or 1.5")
    size: Pair | None = Field(None, alias="to", description="size to come to, as 64 or 64x48")
    mode: Literal["nearest", "nearest_exact", "bilinear", "bicubic"] = Field("nearest", description="interpolation")
    align_corners: bool = Field(False, description="corners that stay where they are")
    like: bool = LIKE_FIELD

    @model_validator(mode="after")
    def _one_way_of_sizing(self) -> Upsample:
        if [self.scale_factor is not None, self.size is not None, self.like].count(True) != 1:
            raise ValueError("needs either a `factor` or a size, `to` or `like=@x`")
        if self.align_corners and self.mode not in ("bilinear", "bicubic"):
            raise ValueError("takes `align_corners` with `bilinear` and `bicubic` only")
        return self

    def output(self, inputs: Shapes) -> Shape:
        height, width, channels = require_map(inputs)
        if self.scale_factor:
            height, width = int(height * self.scale_factor[0]), int(width * self.scale_factor[1])
        else:
            height, width = self.size or measure_like(inputs)
        if min(height, width) < 1:
            raise LayerError(Code.E306, f"would give {format_shape((height, width, channels))}", ("scale_factor",))
        return check_bounds((height, width, channels))

    @property
    def period(self) -> tuple[int, int]:
        height, width = (Fraction(factor).limit_denominator(MAX_PERIOD) for factor in self.scale_factor or (1, 1))
        return height.denominator, width.denominator

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        sizes = zip(inputs[0][:2], self.scale_factor or (1, 1), strict=True)
        height, width = (size * factor % 1 > 0 for size, factor in sizes)
        return height, width

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        if self.scale_factor:
            others = (2 * max(self.scale_factor), max(self.scale_factor) / 2)
            yield from (Alternative("scale_factor", int(other), 1.2) for other in others if other % 1 == 0)
        if wanted and len(wanted) == 3 and not self.like:
            yield Alternative("size", wanted[:2], 1.4, instead="scale_factor")

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        height, width = (self._reach(axis, inputs[0][axis], self.output(inputs)[axis]) for axis in (0, 1))
        return ((height, width), Elements.NONE) if self.like else ((height, width),)

    def _reach(self, axis: int, before: int, after: int) -> Reach:
        """Return the taps around i·(N − 1)/(M − 1) with `align_corners`, or else around (i + 1/2)·stride − 1/2."""
        if self.align_corners:
            stride, centre = divide(before - 1, max(1, after - 1)), divide(0, 1)
        else:
            stride = self._stride(axis, before, after)
            centre = (stride - 1) * divide(1, 2)
        one = 1 - divide(1, 2 * stride.denominator)  # less than 1 by what makes ⌊x + 1⌋ into ⌈x⌉
        match self.mode:
            case "nearest":
                return Reach(0, 0, stride)
            case "nearest_exact":
                return Reach(centre + divide(1, 2), centre + divide(1, 2), stride)
            case "bilinear":
                return Reach(centre, centre + one, stride)
            case "bicubic":
                return Reach(centre - 1, centre + 1 + one, stride)

    def _stride(self, axis: int, before: int, after: int) -> Rational:
        """Return 1/factor, or N/M where a size is given."""
        if self.scale_factor is None:
            return divide(before, after)
        return 1 / Fraction(str(self.scale_factor[axis]))

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        scale_factor = collapse_pair(self.scale_factor) if self.scale_factor else None
        mode, align_corners = self.mode.replace("_", "-"), self.align_corners or None  # torch rejects False: `nearest`
        how: dict[str, Any] = {"scale_factor": scale_factor, "mode": mode, "align_corners": align_corners}
        if self.like:
            return (TorchCall("F.interpolate", joins="size", **how),)
        return (TorchCall("nn.Upsample", size=collapse_pair(self.size) if self.size else None, **how),)
