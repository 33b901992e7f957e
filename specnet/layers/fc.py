"""fc: a fully connected layer, `fc 4096 bias=yes`; it flattens a map first, and takes a sequence token by token."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.layers.base import Family, Layer, Shape, Shapes, TorchCall, check_bounds, is_map, is_sequence
from specnet.layers.base.alternatives import Alternatives, vary_size
from specnet.layers.base.families import FREEZE, INIT, Freeze, Init
from specnet.layers.base.traits import (
    KEEPS_INPUT,
    Autocast,
    Elements,
    Kept,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    Workload,
    read_same_position,
)


class Fc(Layer):
    """K neurons, each connected to every element of the input: H×W×C or a vector → K; of a sequence, L×C → L×K.

    The tokens of a sequence share the weights: each is read on its own.
    """

    family: ClassVar[Family] = Family.DENSE
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.LINEAR, Trait.LEARNS_WEIGHT, Trait.DENSE})
    flattens: ClassVar[bool] = True
    autocast: ClassVar[Autocast] = Autocast.LOWER
    output_field: ClassVar[str] = "out_features"
    positional: ClassVar[tuple[str, ...]] = ("out_features",)

    out_features: Count = Field(alias="K", description="number of neurons")
    bias: bool = Field(True, description="learned number added to each neuron's output")
    init: Init = INIT
    freeze: Freeze = FREEZE

    @property
    def traits(self) -> Traits:
        return self.kind_traits | {Trait.ADDS_BIAS} if self.bias else self.kind_traits

    @property
    def workload(self) -> Workload:
        return Workload.MATMUL

    def output(self, inputs: Shapes) -> Shape:
        check_bounds(self.parameters(inputs)["weight"], "have weights of")
        return (*self._tokens(inputs), self.out_features)

    def _tokens(self, inputs: Shapes) -> Shape:
        """Return the length of a sequence, as a shape; that of a map or a vector is empty."""
        return inputs[0][:1] if is_sequence(inputs[0]) else ()

    def _count_read(self, inputs: Shapes) -> int:
        """Return the number of elements that each neuron reads."""
        return inputs[0][-1] if is_sequence(inputs[0]) else prod(inputs[0])

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        weight = (self.out_features, self._count_read(inputs))
        return {"weight": weight, "bias": (self.out_features,)} if self.bias else {"weight": weight}

    def macs(self, inputs: Shapes) -> int:
        """Return K·N, as each neuron reads all N elements; of a sequence, K·L·C."""
        return self.out_features * prod(inputs[0])

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return read_same_position(inputs) if is_sequence(inputs[0]) else (Elements.ALL,)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_size("out_features", self.out_features, wanted)

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_INPUT

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        flatten = (TorchCall("torch.flatten", start_dim=1, end_dim=-1),) if is_map(inputs[0]) else ()
        read = self._count_read(inputs)
        return *flatten, TorchCall("nn.Linear", in_features=read, out_features=self.out_features, bias=self.bias)
