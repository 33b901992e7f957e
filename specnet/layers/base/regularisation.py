"""The base of layers that drop values at random in training."""

from __future__ import annotations

from typing import ClassVar

from specnet.attributes import Probability
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import Family, Storage, Trait, Traits


class Regularisation(PositionWise):
    """A layer that zeroes values with probability p and scales the others by 1/(1 − p); an identity in evaluation."""

    family: ClassVar[Family] = Family.REGULARISATION
    storage: ClassVar[Storage | None] = Storage.IN_PLACE
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.TRANSPARENT, Trait.KEEPS_UNIT_RANGE})

    p: Probability
