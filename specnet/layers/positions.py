"""positions: adds an embedding of each place, `positions learned`, `positions sine`, to a sequence or a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from specnet.diagnostics import Code
from specnet.layers.base import Family, LayerError, Shape, Shapes, TorchCall, is_map, order_as_torch, require_positions
from specnet.layers.base.families import FREEZE, Freeze
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import KEEPS_NOTHING, Kept, Storage, Trait, Traits


class Positions(PositionWise):
    """x + an embedding of the place of each token, or of each position of a map.

    `learned` is a table of one number for each element (ViT, Dosovitskiy et al. 2020). `sine` has sines in one half of
    the channels and cosines in the other, of wavelengths from 2π to 20,000π (Vaswani et al. 2017, 3.5); on a map, half
    of the channels tell the row and half the column.
    """

    family: ClassVar[Family] = Family.JOIN
    storage: ClassVar[Storage | None] = Storage.OWN
    shares_gradient: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("embedding",)
    usual: ClassVar[tuple[str, ...]] = ("learned", "sine")
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {
        "learned": ("embedding", "learned"),
        "sine": ("embedding", "sine"),
    }

    embedding: Literal["learned", "sine"] = Field(description="choice of `learned` or `sine`")
    std: float = Field(0.02, ge=0, description="standard deviation of learned numbers before training")
    freeze: Freeze = FREEZE

    @property
    def traits(self) -> Traits:
        return frozenset({Trait.LINEAR, Trait.EMBEDS} if self.embedding == "learned" else {Trait.LINEAR})

    @property
    def channel_period(self) -> int:
        return 4 if self.embedding == "sine" else 1

    def output(self, inputs: Shapes) -> Shape:
        shape = require_positions(inputs)
        parts = 4 if is_map(shape) else 2
        if self.embedding == "sine" and shape[-1] % parts:
            fact = f"cannot split {shape[-1]} channels into {parts} equal parts of sines and cosines"
            raise LayerError(Code.E304, fact, ("embedding",), f"{shape[-1]}/{parts} = {shape[-1] / parts:g}")
        return shape

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {"weight": (1, *order_as_torch(inputs[0]))} if self.embedding == "learned" else {}

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {} if self.embedding == "learned" else {"table": (1, *order_as_torch(inputs[0]))}

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        shape = order_as_torch(inputs[0])
        if self.embedding == "learned":
            return (TorchCall("modules.LearnedPositions", shape=shape, std=self.std),)
        return (TorchCall("modules.SinePositions", shape=shape),)
