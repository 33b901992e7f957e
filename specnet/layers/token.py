"""token: takes one token of a sequence, `token 0`: L×C → C."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from specnet.attributes import LARGEST
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, require_sequence
from specnet.layers.base.alternatives import Alternative, Alternatives
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Elements, ReceptiveField, Storage


class Token(Reshaping):
    """The token at a place, the first at 0, where `class_token` puts its own."""

    storage: ClassVar[Storage | None] = Storage.VIEW
    positional: ClassVar[tuple[str, ...]] = ("index",)
    usual: ClassVar[tuple[str, ...]] = ("0",)

    index: Annotated[int, Field(ge=0, le=LARGEST)] = Field(description="place of the token, from 0")

    def output(self, inputs: Shapes) -> Shape:
        length, channels = require_sequence(inputs)
        if self.index >= length:
            fact = f"takes token {self.index:,}, and the last one of its input is {length - 1}"
            raise LayerError(Code.E306, fact, ("index",))
        return (channels,)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from (Alternative("index", place, 1.1) for place in {0, inputs[0][0] - 1} - {self.index})

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.POSITIONS,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.select", dim=1, index=self.index),)
