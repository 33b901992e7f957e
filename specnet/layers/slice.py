"""slice: a range of channels, `slice 0..C//2`, without its end."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from specnet.attributes import Interval
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, find_channel_dim
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, read_same_position


def _check_range(channels: Interval) -> Interval:
    if not (isinstance(channels.low, int) and isinstance(channels.high, int) and 0 <= channels.low < channels.high):
        raise ValueError("whole numbers from 0, the end above the start")
    return channels


class Slice(Reshaping):
    """Channels `low` to `high` − 1 of a map or sequence, or these elements of a vector: H×W×C → H×W×(high − low)."""

    storage: ClassVar[Storage | None] = Storage.VIEW
    positional: ClassVar[tuple[str, ...]] = ("channels",)

    channels: Annotated[Interval, AfterValidator(_check_range)] = Field(description="range of channels, as 0..32")

    def output(self, inputs: Shapes) -> Shape:
        if self.channels.high > inputs[0][-1]:
            fact = f"takes channels up to {self.channels.high:,}, and its input has {inputs[0][-1]}"
            raise LayerError(Code.E306, fact, ("channels",))
        return *inputs[0][:-1], int(self.channels.high - self.channels.low)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return read_same_position(inputs) if len(inputs[0]) > 1 else (Elements.MOVED,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        dim, length = find_channel_dim(inputs[0]), self.output(inputs)[-1]
        return (TorchCall("torch.narrow", dim=dim, start=self.channels.low, length=length),)
