"""instance_norm: instance normalisation, `instance_norm affine=no` (Ulyanov et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, require_map
from specnet.layers.base.families import FREEZE, Freeze, Normalisation
from specnet.layers.base.traits import Autocast, Kept, Trait, Traits


class InstanceNorm(Normalisation):
    """Normalises each channel of each image to mean 0 and variance 1; no scale and shift by default, as in torch."""

    kind_traits: ClassVar[Traits] = Normalisation.kind_traits | {Trait.CENTRES_CHANNELS}
    autocast: ClassVar[Autocast] = Autocast.WIDEST

    eps: float = Field(1e-5, gt=0, description="number added to the variance")
    affine: bool = Field(False, description="learned scale and shift of each channel")
    freeze: Freeze = FREEZE

    def output(self, inputs: Shapes) -> Shape:
        if require_map(inputs)[:2] == (1, 1):
            raise LayerError(Code.E305, "needs more than one position to normalise over, not a map of 1×1")
        return inputs[0]

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels} if self.affine else {}

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(inputs=(0,), elements=(2 + self.affine) * inputs[0][-1])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.InstanceNorm2d", num_features=inputs[0][-1], eps=self.eps, affine=self.affine),)
