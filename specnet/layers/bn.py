"""bn: batch normalisation, `bn eps=1e-5 momentum=0.1` (Ioffe and Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from specnet.attributes import Probability
from specnet.layers.base import Shape, Shapes, TorchCall, is_map, refuse_sequence
from specnet.layers.base.families import FREEZE, Freeze, Normalisation
from specnet.layers.base.traits import Autocast, Kept, Trait, Traits


class Bn(Normalisation):
    """Normalises each channel to mean 0 and variance 1 over the batch, then applies a learned scale and shift.

    `momentum` has torch's meaning: the weight of the new batch in the running statistics.
    """

    for_sequences: ClassVar[str] = "ln"
    kind_traits: ClassVar[Traits] = Normalisation.kind_traits | {
        Trait.CENTRES_CHANNELS,
        Trait.BATCH_STATISTICS,
        Trait.LINEAR,
        Trait.TRANSPARENT,
    }

    autocast: ClassVar[Autocast] = Autocast.WIDEST

    eps: float = Field(1e-5, gt=0, description="number added to the variance")
    momentum: Probability = Field(0.1, description="weight of the new batch in the running statistics")
    affine: bool = Field(True, description="learned scale and shift of each channel")
    init: Literal["zeros"] | None = Field(None, description="initial value of the scale, instead of 1")
    freeze: Freeze = FREEZE

    @property
    def batch_weight(self) -> float | None:
        return self.momentum

    def output(self, inputs: Shapes) -> Shape:
        refuse_sequence(inputs, "tokens are normalised one by one, by `ln` or `rms_norm`")
        return inputs[0]

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels} if self.affine else {}

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(inputs=(0,), statistics=2 * inputs[0][-1])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        module = "nn.BatchNorm2d" if is_map(inputs[0]) else "nn.BatchNorm1d"
        channels = inputs[0][-1]
        return (TorchCall(module, num_features=channels, eps=self.eps, momentum=self.momentum, affine=self.affine),)
