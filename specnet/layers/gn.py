"""gn: group normalisation, `gn G=32 eps=1e-5` (Wu and He 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.layers.base import Family, Shape, ShapePreserving, Shapes, TorchCall, in_groups
from specnet.layers.base.learned import FREEZE, Freeze


class Gn(ShapePreserving):
    """Each of G groups of channels, over all its positions, to mean 0 and variance 1, then a learned scale and shift.

    G=1 is layer normalisation of the whole map.
    """

    family: ClassVar[Family] = Family.NORMALISATION

    num_groups: Count = Field(32, alias="G", description="number of groups")
    eps: float = Field(1e-5, gt=0, description="number added to the variance")
    affine: bool = Field(True, description="learned scale and shift of each channel")
    freeze: Freeze = FREEZE

    def output(self, inputs: Shapes) -> Shape:
        in_groups(inputs[0][-1], self.num_groups, "arriving channels", "num_groups")
        return inputs[0]

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels} if self.affine else {}

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        norm = TorchCall(
            "nn.GroupNorm", num_groups=self.num_groups, num_channels=inputs[0][-1], eps=self.eps, affine=self.affine
        )
        return (norm,)
