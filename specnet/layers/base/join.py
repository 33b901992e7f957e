"""The base of layers that join the ends of several arms, position by position."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.layer import Layer
from specnet.layers.base.receptive_field import ReceptiveField, by_position
from specnet.layers.base.shapes import Shapes
from specnet.layers.base.traits import Arity, Family, Storage


class Join(Layer):
    """A layer of two or more inputs, each read at the output's own position, without multiply-accumulates."""

    family: ClassVar[Family] = Family.JOIN
    arity: ClassVar[Arity] = Arity(2, None)
    storage: ClassVar[Storage | None] = Storage.OWN

    def macs(self, inputs: Shapes) -> int | None:
        return 0

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return by_position(inputs)
