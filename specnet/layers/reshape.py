"""reshape: arranges the elements in another shape, `reshape 7x7x64`, `reshape 49x64`, `reshape 3136`."""

from __future__ import annotations

from math import prod
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from specnet.attributes import Count
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, format_shape, order_as_torch
from specnet.layers.base.alternatives import Alternative, Alternatives
from specnet.layers.base.families import Reshaping
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, read_same_position

AnyShape = Annotated[
    tuple[Count] | tuple[Count, Count] | tuple[Count, Count, Count],
    BeforeValidator(lambda value: value if isinstance(value, tuple | list) else (value,)),
]


class Reshape(Reshaping):
    """The elements in another shape, read and written in torch's order.

    That is channel by channel for a map, each row by row, and token by token for a sequence.
    """

    storage: ClassVar[Storage | None] = Storage.VIEW
    shares_gradient: ClassVar[bool] = True
    flattens: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("shape",)
    shapes: ClassVar[frozenset[str]] = frozenset({"shape"})

    shape: AnyShape = Field(description="shape, as 7x7x64, 49x64 or 3136")

    def output(self, inputs: Shapes) -> Shape:
        if prod(self.shape) != prod(inputs[0]):
            sizes = f"{prod(self.shape)} ≠ {prod(inputs[0])}"
            fact = f"cannot make {format_shape(self.shape)} of {format_shape(inputs[0])}: {sizes}"
            raise LayerError(Code.E307, fact, ("shape",))
        return self.shape

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        if wanted:
            yield Alternative("shape", wanted, 1.0)
        *sides, _ = self.shape
        if prod(inputs[0]) % prod(sides) == 0:
            yield Alternative("shape", (*sides, prod(inputs[0]) // prod(sides)), 1.2)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return read_same_position(inputs) if self.shape == inputs[0] else (Elements.MOVED,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.reshape", shape=(-1, *order_as_torch(self.shape))),)
