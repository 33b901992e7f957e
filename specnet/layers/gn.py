"""gn: group normalisation, `gn G=32 eps=1e-5` (Wu and He 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.layers.base import Shape, Shapes, TorchCall, refuse_sequence, split_groups
from specnet.layers.base.alternatives import Alternatives, vary_groups
from specnet.layers.base.families import FREEZE, Freeze, Normalisation
from specnet.layers.base.traits import Kept


class Gn(Normalisation):
    """Normalises each of G groups of channels to mean 0 and variance 1 over all positions of an image.

    A learned scale and shift of each channel follow. G=1 is layer normalisation of the whole map.
    """

    for_sequences: ClassVar[str] = "ln"

    num_groups: Count = Field(32, alias="G", description="number of groups")
    eps: float = Field(1e-5, gt=0, description="number added to the variance")
    affine: bool = Field(True, description="learned scale and shift of each channel")
    freeze: Freeze = FREEZE

    @property
    def channel_period(self) -> int:
        return self.num_groups

    def output(self, inputs: Shapes) -> Shape:
        refuse_sequence(inputs, "tokens are normalised one by one, by `ln` or `rms_norm`")
        split_groups(inputs[0][-1], self.num_groups, "input channels", "num_groups")
        return inputs[0]

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels} if self.affine else {}

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_groups("num_groups", self.num_groups, inputs[0][-1])

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(inputs=(0,), elements=2 * self.num_groups)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        norm = TorchCall(
            "nn.GroupNorm", num_groups=self.num_groups, num_channels=inputs[0][-1], eps=self.eps, affine=self.affine
        )
        return (norm,)
