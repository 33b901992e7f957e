"""prelu: a rectifier with a learned slope, `prelu`, `prelu channelwise` (He et al. 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from pydantic import Field

from specnet.layers.base import Family, Shape, Shapes, TorchCall, refuse_sequence
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import KEEPS_INPUT, Kept, Storage, Trait, Traits


class Prelu(PositionWise):
    """x for x > 0, else a·x, with one learned slope a, or one for each channel (`channelwise`)."""

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.RECTIFIES})
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"channelwise": ("channelwise", True)}

    channelwise: bool = Field(False, description="own slope of each channel")
    init: float = Field(0.25, description="slope before training")

    def output(self, inputs: Shapes) -> Shape:
        if self.channelwise:
            refuse_sequence(inputs, "without `channelwise`, a sequence has one slope")
        return inputs[0]

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {"weight": (inputs[0][-1] if self.channelwise else 1,)}

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_INPUT

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the gradient of the weight at every element, before it is summed up."""
        return prod(inputs[0])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        slopes = inputs[0][-1] if self.channelwise else 1
        return (TorchCall("nn.PReLU", num_parameters=slopes, init=self.init),)
