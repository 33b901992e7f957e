"""ln: layer normalisation over channels, `ln eps=1e-5` (Ba et al. 2016); on maps as in ConvNeXt (Liu et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from pydantic import Field

from specnet.layers.base import Shapes, TorchCall, is_map
from specnet.layers.base.families import FREEZE, Freeze, Normalisation
from specnet.layers.base.traits import Kept


class Ln(Normalisation):
    """Normalises the channels of each position, or a vector, to mean 0 and variance 1, then scales and shifts them."""

    eps: float = Field(1e-5, gt=0, description="number added to the variance")
    affine: bool = Field(True, description="learned scale and shift of each channel")
    freeze: Freeze = FREEZE

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels} if self.affine else {}

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(inputs=(0,), elements=2 * prod(inputs[0][:-1]))

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        module = "modules.ChannelLayerNorm" if is_map(inputs[0]) else "nn.LayerNorm"
        return (TorchCall(module, normalized_shape=inputs[0][-1], eps=self.eps, elementwise_affine=self.affine),)
