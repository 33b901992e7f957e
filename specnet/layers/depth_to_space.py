"""depth_to_space: rearranges channels into blocks of pixels, `depth_to_space 2` (pixel shuffle, Shi et al. 2016)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, check_bounds, require_map
from specnet.layers.base.block_order import BLOCK_ORDER, TORCH_ORDER, BlockOrder
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Reach, ReceptiveField, Storage, divide
from specnet.printable import format_amount


class DepthToSpace(Reshaping):
    """H×W×C → H·r×W·r×C/r²: the channels of a pixel become a block of r×r pixels, as before a `space_to_depth`.

    `order` says what the channels of a pixel are, from what varies slowest: CHW is that of torch's PixelShuffle, HWC
    that of TensorFlow.
    """

    storage: ClassVar[Storage | None] = Storage.OWN
    later_fields: ClassVar[frozenset[str]] = frozenset({"order"})
    positional: ClassVar[tuple[str, ...]] = ("upscale_factor",)
    usual: ClassVar[tuple[str, ...]] = ("2",)

    upscale_factor: Count = Field(alias="factor", description="side of a block")
    order: BlockOrder = BLOCK_ORDER

    @property
    def channel_period(self) -> int:
        return self.upscale_factor**2

    def output(self, inputs: Shapes) -> Shape:
        height, width, channels = require_map(inputs)
        factor = self.upscale_factor
        if channels % factor**2:
            fact = f"cannot make blocks of {factor}×{factor} out of {format_amount(channels, 'channel')}"
            raise LayerError(Code.E307, fact, ("upscale_factor",), f"{channels}/{factor**2} = {channels / factor**2:g}")
        return check_bounds((height * factor, width * factor, channels // factor**2))

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        part = Reach(stride=divide(1, self.upscale_factor))
        return ((part, part),)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if self.order == TORCH_ORDER:
            return (TorchCall("nn.PixelShuffle", upscale_factor=self.upscale_factor),)
        return (TorchCall("modules.DepthToSpace", factor=self.upscale_factor, order=self.order),)
