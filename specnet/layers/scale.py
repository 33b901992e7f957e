"""scale: a learned factor per channel, `scale init=1e-6` (LayerScale, Touvron et al. 2021; Caffe's Scale)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.layers.base import Family, Shapes, TorchCall, find_channel_dim
from specnet.layers.base.families import FREEZE, Freeze
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import KEEPS_INPUT, Kept, Storage, Trait, Traits


class Scale(PositionWise):
    """weight·x + bias, with a weight for each channel, and a bias for each if requested."""

    family: ClassVar[Family] = Family.NORMALISATION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.TRANSPARENT})

    init: float = Field(1.0, description="factor before training")
    bias: bool = Field(False, description="learned number added to each channel")
    freeze: Freeze = FREEZE

    @property
    def traits(self) -> Traits:
        return self.kind_traits | {Trait.ADDS_BIAS} if self.bias else self.kind_traits

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels} if self.bias else {"weight": channels}

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_INPUT

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the gradient of the weight at every element, before it is summed up."""
        return prod(inputs[0])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        dim = find_channel_dim(inputs[0])
        return (TorchCall("modules.Scale", channels=inputs[0][-1], init=self.init, bias=self.bias, dim=dim),)
