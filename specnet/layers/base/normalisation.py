"""The base of normalising layers."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import Family, Storage, Trait, Traits


class Normalisation(PositionWise):
    """A layer that divides its input by a measure of its size; the statistics it reads count to no receptive field."""

    family: ClassVar[Family] = Family.NORMALISATION
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.NORMALISES})
