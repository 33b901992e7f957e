"""permute: reorders the axes; `permute WHC` transposes a map, `permute CL` a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from specnet.layers.base import Shape, Shapes, TorchCall, require_map, require_sequence
from specnet.layers.base.axes import LETTERS, find_torch_dim
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import SAME_POSITION, Elements, Reach, Reading, ReceptiveField, Storage

TRANSPOSED = "CL"
"""The order of a sequence's axes when they are swapped."""

READINGS: Mapping[str, Reading] = {"HWC": SAME_POSITION, "WHC": (Reach(axis=1), Reach(axis=0))}
"""The readings of the orders in which channels stay channels; in the others, pixels become channels."""


class Permute(Reshaping):
    """The axes in the given order: `permute WHC` swaps height and width, H×W×C → W×H×C.

    `permute CL` makes tokens of the channels of a sequence, L×C → C×L, as MLP-Mixer does (Tolstikhin et al. 2021).
    """

    storage: ClassVar[Storage | None] = Storage.SCATTERED_VIEW
    shares_gradient: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("order",)
    for_sequences: ClassVar[str] = f"permute {TRANSPOSED}"

    order: Literal["HWC", "HCW", "WHC", "WCH", "CHW", "CWH", "CL"] = Field(description="order of the axes, as WHC")

    def output(self, inputs: Shapes) -> Shape:
        if self.order == TRANSPOSED:
            return require_sequence(inputs)[::-1]
        require_map(inputs)
        return tuple(inputs[0][LETTERS[3].index(axis)] for axis in self.order)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (READINGS.get(self.order, Elements.MOVED),)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if self.order == TRANSPOSED:
            return (TorchCall("torch.transpose", dim0=1, dim1=2),)
        height, width, channels = (find_torch_dim(axis, inputs[0]) for axis in self.order)
        return (TorchCall("torch.permute", dims=(0, channels, height, width)),)
