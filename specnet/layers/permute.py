"""permute: reorders the axes of a map; `permute WHC` transposes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from specnet.layers.base import Shape, Shapes, TorchCall, require_map
from specnet.layers.base.axes import PLACES, TORCH_DIMS
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import SAME_POSITION, Elements, Reach, Reading, ReceptiveField, Storage

READINGS: Mapping[str, Reading] = {"HWC": SAME_POSITION, "WHC": (Reach(axis=1), Reach(axis=0))}
"""The readings of the orders in which channels stay channels; in the others, pixels become channels."""


class Permute(Reshaping):
    """The axes of a map in the given order; `permute WHC` swaps height and width, H×W×C → W×H×C."""

    storage: ClassVar[Storage | None] = Storage.SCATTERED_VIEW
    shares_gradient: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("order",)

    order: Literal["HWC", "HCW", "WHC", "WCH", "CHW", "CWH"] = Field(description="order of the axes, as WHC")

    def output(self, inputs: Shapes) -> Shape:
        require_map(inputs)
        return tuple(inputs[0][PLACES[axis]] for axis in self.order)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (READINGS.get(self.order, Elements.MOVED),)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        height, width, channels = (TORCH_DIMS[axis] for axis in self.order)
        return (TorchCall("torch.permute", dims=(0, channels, height, width)),)
