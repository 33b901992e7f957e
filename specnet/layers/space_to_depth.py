"""space_to_depth: rearranges blocks of pixels into channels, `space_to_depth 2` (the inverse of Shi et al. 2016).

`space_to_depth 2 order=WHC` merges patches as Swin does (Liu et al. 2021, 3.1).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, check_bounds, require_map
from specnet.layers.base.block_order import BLOCK_ORDER, TORCH_ORDER, BlockOrder
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Reach, ReceptiveField, Storage
from specnet.layers.base.window import AXES


class SpaceToDepth(Reshaping):
    """H×W×C → H/r×W/r×C·r²: the r×r pixels of a block, C channels each, become the channels of one pixel.

    `order` says which of a block's axes comes first among these channels, and which one varies fastest, at the end: CHW
    is that of torch's PixelUnshuffle, HWC that of TensorFlow, WHC that of Swin and of YOLOv5's Focus.
    """

    storage: ClassVar[Storage | None] = Storage.OWN
    later_fields: ClassVar[frozenset[str]] = frozenset({"order"})
    positional: ClassVar[tuple[str, ...]] = ("downscale_factor",)
    usual: ClassVar[tuple[str, ...]] = ("2",)

    downscale_factor: Count = Field(alias="factor", description="side of a block")
    order: BlockOrder = BLOCK_ORDER

    def output(self, inputs: Shapes) -> Shape:
        height, width, channels = require_map(inputs)
        factor = self.downscale_factor
        for name, size in zip(AXES, (height, width), strict=True):
            if size % factor:
                fact = f"cannot cut a {name} of {size} into blocks of {factor}"
                raise LayerError(Code.E307, fact, ("downscale_factor",), f"{size}/{factor} = {size / factor:g}")
        return check_bounds((height // factor, width // factor, channels * factor**2))

    @property
    def period(self) -> tuple[int, int]:
        return self.downscale_factor, self.downscale_factor

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        block = Reach(0, self.downscale_factor - 1, self.downscale_factor)
        return ((block, block),)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if self.order == TORCH_ORDER:
            return (TorchCall("nn.PixelUnshuffle", downscale_factor=self.downscale_factor),)
        return (TorchCall("modules.SpaceToDepth", factor=self.downscale_factor, order=self.order),)
