"""tokens: makes a sequence of the positions of a map, H×W×C → H·W×C (ViT, Dosovitskiy et al. 2020)."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Shape, Shapes, TorchCall, check_bounds, require_map
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, Trait, Traits


class Tokens(Reshaping):
    """The positions of a map as tokens, row by row; `map` is the way back."""

    storage: ClassVar[Storage | None] = Storage.SCATTERED_VIEW
    shares_gradient: ClassVar[bool] = True
    kind_traits: ClassVar[Traits] = Reshaping.kind_traits | {Trait.TRANSPARENT}

    def output(self, inputs: Shapes) -> Shape:
        height, width, channels = require_map(inputs)
        return check_bounds((height * width, channels))

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.POSITIONS,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return TorchCall("torch.flatten", start_dim=2, end_dim=-1), TorchCall("torch.transpose", dim0=1, dim1=2)
