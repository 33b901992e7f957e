"""class_token: puts a learned token before those of a sequence, L×C → (L + 1)×C (ViT, Dosovitskiy et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.layers.base import Family, Layer, Shape, Shapes, TorchCall, check_bounds, require_sequence
from specnet.layers.base.families import FREEZE, Freeze
from specnet.layers.base.traits import KEEPS_NOTHING, Elements, Kept, ReceptiveField, Storage, Trait, Traits


class ClassToken(Layer):
    """A learned token, then the tokens of the input; `token 0` takes it out again."""

    family: ClassVar[Family] = Family.JOIN
    storage: ClassVar[Storage | None] = Storage.OWN
    shares_gradient: ClassVar[bool] = True
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.EMBEDS})

    std: float = Field(0.02, ge=0, description="standard deviation of the token before training")
    freeze: Freeze = FREEZE

    def output(self, inputs: Shapes) -> Shape:
        length, channels = require_sequence(inputs)
        return check_bounds((length + 1, channels))

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {"weight": (1, 1, inputs[0][-1])}

    def macs(self, inputs: Shapes) -> int:
        return 0

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.POSITIONS,)

    def backward_scratch(self, inputs: Shapes) -> int:
        return prod(inputs[0][-1:])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("modules.ClassToken", channels=inputs[0][-1], std=self.std),)
