"""The base of layers that move, repeat, leave out or interpolate values and compute nothing else."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.layer import Layer
from specnet.layers.base.shapes import Shapes
from specnet.layers.base.traits import Family, Trait, Traits


class Reshaping(Layer):
    """A linear layer without weights and without multiply-accumulates."""

    family: ClassVar[Family] = Family.RESHAPING
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.KEEPS_UNIT_RANGE})

    def macs(self, inputs: Shapes) -> int | None:
        return 0
