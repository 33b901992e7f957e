"""crop: cuts a map to its centre, `crop to=56x56`, `crop like=@x`, or cuts off its sides, `crop P=1`, `crop P=0:1`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from specnet.attributes import Pair
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, format_shape, require_map
from specnet.layers.base.alternatives import Alternative, Alternatives, vary_padding
from specnet.layers.base.families import LIKE_FIELD, Reshaping, measure_like
from specnet.layers.base.padding import BothAxes, Sides
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, read_with_offset


class Crop(Reshaping):
    """H×W×C → H'×W'×C; an odd pixel is cut off at the end."""

    storage: ClassVar[Storage | None] = Storage.SCATTERED_VIEW
    size_field: ClassVar[str] = "output_size"
    later_fields: ClassVar[frozenset[str]] = frozenset({"like"})

    output_size: Pair | None = Field(None, alias="to", description="size to come to, as 56 or 56x48")
    padding: BothAxes | None = Field(None, alias="P", description="pixels cut off, as 1, 1x2, 0:1 or [0:1, 2]")
    like: bool = LIKE_FIELD

    @model_validator(mode="after")
    def _one_way_of_sizing(self) -> Crop:
        if [self.output_size is not None, self.padding is not None, self.like].count(True) != 1:
            raise ValueError("needs either a size, `to` or `like=@x`, or the pixels to cut off, `P`")
        return self

    def sides(self, inputs: Shapes) -> Sides:
        """Return the pixels to cut off before and after, along height and width.

        Raises LayerError if nothing would be left, or if the map is smaller than the size to crop to.
        """
        height, width, channels = require_map(inputs)
        if self.padding:
            sides = self.padding
        else:
            target = self.output_size or measure_like(inputs)
            over = height - target[0], width - target[1]
            sides = (over[0] // 2, over[0] - over[0] // 2), (over[1] // 2, over[1] - over[1] // 2)
        left = height - sum(sides[0]), width - sum(sides[1]), channels
        if min(left) < 1 or min(map(min, sides)) < 0:
            raise LayerError(
                Code.E306,
                f"cannot cut {format_shape(left)} out of {format_shape(inputs[0])}",
                ("output_size", "padding", "like"),
            )
        return sides

    def output(self, inputs: Shapes) -> Shape:
        height, width = self.sides(inputs)
        return inputs[0][0] - sum(height), inputs[0][1] - sum(width), inputs[0][2]

    @property
    def period(self) -> tuple[int, int]:
        return (1, 1) if self.padding else (2, 2)

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        """Return whether an odd pixel is cut off, so that the centre moves by half a pixel."""
        height, width = (not self.padding and before != after for before, after in self.sides(inputs))
        return height, width

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        (top, _), (left, _) = self.sides(inputs)
        read = read_with_offset(top, left)
        return (read, Elements.NONE) if self.like else (read,)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        if wanted and self.output_size:
            yield Alternative("output_size", wanted[:2], 1.0)
        yield from vary_padding(self.padding)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if self.like:
            return (TorchCall("modules.CenterCrop", joins="size"),)
        (top, _), (left, _) = self.sides(inputs)
        height, width, _ = self.output(inputs)
        return (
            TorchCall("torch.narrow", dim=2, start=top, length=height),
            TorchCall("torch.narrow", dim=3, start=left, length=width),
        )
