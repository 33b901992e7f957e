"""softmax: turns channels into probabilities, `softmax`, or corresponding channels of groups, `softmax groups=2`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from specnet.attributes import LARGEST
from specnet.layers.base import Family, Shape, Shapes, TorchCall, find_channel_dim, split_groups
from specnet.layers.base.alternatives import Alternatives, vary_groups
from specnet.layers.base.layer import PositionWise
from specnet.layers.base.traits import (
    KEEPS_OUTPUT,
    Autocast,
    Elements,
    Kept,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    read_same_position,
)


class Softmax(PositionWise):
    """eˣ/Σeˣ over the channels, which are dimension 1 of N×C×H×W and of N×C, and dimension 2 of N×L×C.

    With groups, C is viewed as groups×C/groups, and each sum is over the corresponding channels of all groups. So two
    branches are weighed against each other, channel by channel (SKNet, Li et al. 2019; ResNeSt, Zhang et al. 2020).
    """

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.OWN
    autocast: ClassVar[Autocast] = Autocast.FULL
    kind_traits: ClassVar[Traits] = frozenset({Trait.UNIT_RANGE})
    later_fields: ClassVar[frozenset[str]] = frozenset({"groups"})

    groups: Annotated[int, Field(ge=2, le=LARGEST)] | None = Field(None, description="groups that the sum is over")

    @property
    def channel_period(self) -> int:
        return self.groups or 1

    def output(self, inputs: Shapes) -> Shape:
        if self.groups:
            split_groups(inputs[0][-1], self.groups, "input channels")
        return inputs[0]

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from (each for each in vary_groups("groups", self.groups or 1, inputs[0][-1]) if each.value > 1)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        if len(inputs[0]) > 1:
            return read_same_position(inputs)
        return (Elements.SOME if self.groups else Elements.ALL,)

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_OUTPUT

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        dim = find_channel_dim(inputs[0])
        softmax = TorchCall("nn.Softmax", dim=dim)
        if not self.groups:
            return (softmax,)
        split = TorchCall("torch.unflatten", dim=dim, sizes=(self.groups, -1))
        return split, softmax, TorchCall("torch.flatten", start_dim=dim, end_dim=dim + 1)
