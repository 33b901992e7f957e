"""shuffle: mixes the channels of G groups, `shuffle G=3` (ShuffleNet, Zhang et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.layers.base import Family, Shape, Shapes, TorchCall, require_map, split_groups
from specnet.layers.base.alternatives import Alternatives, vary_groups
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import KEEPS_NOTHING, Kept, Storage, Trait, Traits


class Shuffle(PositionWise):
    """The first channel of each group, then the second of each, and so on: C viewed as G×C/G and transposed."""

    family: ClassVar[Family] = Family.RESHAPING
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.KEEPS_UNIT_RANGE})
    positional: ClassVar[tuple[str, ...]] = ("groups",)
    usual: ClassVar[tuple[str, ...]] = ("2",)

    groups: Count = Field(alias="G", description="number of groups")

    @property
    def channel_period(self) -> int:
        return self.groups

    def output(self, inputs: Shapes) -> Shape:
        split_groups(require_map(inputs)[2], self.groups, "input channels")
        return inputs[0]

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_groups("groups", self.groups, inputs[0][-1])

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.ChannelShuffle", groups=self.groups),)
