"""grn: global response normalisation (ConvNeXt V2, Woo et al. 2023, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.layers.base import Shape, Shapes, TorchCall, find_channel_dim, require_positions
from specnet.layers.base.families import FREEZE, Freeze, Normalisation
from specnet.layers.base.traits import Autocast, Kept


class Grn(Normalisation):
    """x + weight·x·n + bias, where n is the norm of a channel over all positions, divided by the mean of all channels'.

    Weight and bias are 0 before training, when the layer returns its input.
    """

    autocast: ClassVar[Autocast] = Autocast.WIDEST

    eps: float = Field(1e-6, gt=0, description="number added to the mean norm")
    freeze: Freeze = FREEZE

    def output(self, inputs: Shapes) -> Shape:
        return require_positions(inputs)

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels = inputs[0][-1:]
        return {"weight": channels, "bias": channels}

    def kept(self, inputs: Shapes) -> Kept | None:
        """Return the input, the norms, their mean and quotients, and the input times the quotients."""
        return Kept(inputs=(0,), elements=prod(inputs[0]) + 2 * inputs[0][-1] + 1)

    def scratch(self, inputs: Shapes) -> int:
        """Return the input times the quotients; its gradient in the backward pass."""
        return prod(inputs[0])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        dim = find_channel_dim(inputs[0])
        return (TorchCall("modules.GlobalResponseNorm", channels=inputs[0][-1], eps=self.eps, dim=dim),)
