"""slice: a range of channels, `slice 0..C//2`, or of rows or columns, `slice 0..H//2 axis=H`, without its end."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from specnet.attributes import Interval
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall
from specnet.layers.base.axes import UNITS, Axis, find_place, find_torch_dim
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, read_same_position, read_with_offset


def _check_range(channels: Interval) -> Interval:
    if not (isinstance(channels.low, int) and isinstance(channels.high, int) and 0 <= channels.low < channels.high):
        raise ValueError("whole numbers from 0, the end above the start")
    return channels


class Slice(Reshaping):
    """Channels `low` to `high` − 1 of a map or sequence, or these elements of a vector: H×W×C → H×W×(high − low).

    With `axis=H` these are rows, H×W×C → (high − low)×W×C, with `axis=W` columns, and with `axis=L` tokens.
    """

    storage: ClassVar[Storage | None] = Storage.VIEW
    positional: ClassVar[tuple[str, ...]] = ("channels",)
    later_fields: ClassVar[frozenset[str]] = frozenset({"axis"})

    channels: Annotated[Interval, AfterValidator(_check_range)] = Field(description="range along the axis, as 0..32")
    axis: Axis = Field("C", description="axis of the range")

    @property
    def scatters(self) -> bool:
        return self.axis != "C"

    def output(self, inputs: Shapes) -> Shape:
        shape, place = inputs[0], find_place(self.axis, inputs[0])
        if self.channels.high > shape[place]:
            fact = f"takes {UNITS[self.axis]} up to {self.channels.high:,}, and its input has {shape[place]}"
            raise LayerError(Code.E306, fact, ("channels",))
        return *shape[:place], int(self.channels.high - self.channels.low), *shape[place:][1:]

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        if self.axis == "L":
            return (Elements.POSITIONS,)
        if len(inputs[0]) == 1:
            return (Elements.MOVED,)
        low = int(self.channels.low)
        offsets = {"H": (low, 0), "W": (0, low)}
        return (read_with_offset(*offsets[self.axis]),) if self.axis in offsets else read_same_position(inputs)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        length = self.output(inputs)[find_place(self.axis, inputs[0])]
        return (
            TorchCall("torch.narrow", dim=find_torch_dim(self.axis, inputs[0]), start=self.channels.low, length=length),
        )
