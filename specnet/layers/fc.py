"""fc: a fully connected layer, `fc 4096 bias=yes`; it flattens a map first."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.layers.base import Family, Layer, Shape, Shapes, TorchCall, check_bounds
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
)


class Fc(Layer):
    """K neurons, each connected to every element of the input: H×W×C or a vector → K."""

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
        return (self.out_features,)

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        weight = (self.out_features, prod(inputs[0]))
        return {"weight": weight, "bias": (self.out_features,)} if self.bias else {"weight": weight}

    def macs(self, inputs: Shapes) -> int:
        """Return K·N, as each neuron reads all N elements."""
        return self.out_features * prod(inputs[0])

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.ALL,)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_size("out_features", self.out_features, wanted)

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_INPUT

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        flatten = (TorchCall("torch.flatten", start_dim=1, end_dim=-1),) if len(inputs[0]) > 1 else ()
        linear = TorchCall("nn.Linear", in_features=prod(inputs[0]), out_features=self.out_features, bias=self.bias)
        return *flatten, linear
