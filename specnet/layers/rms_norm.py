"""rms_norm: divides by the root mean square over channels, `rms_norm eps=1e-6` (Zhang and Sennrich 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from pydantic import Field

from specnet.layers.base import Shapes, TorchCall, is_map
from specnet.layers.base.families import FREEZE, Freeze, Normalisation
from specnet.layers.base.traits import Kept


class RmsNorm(Normalisation):
    """Divides the channels of each position or token, or a vector, by their root mean square, then scales them."""

    eps: float = Field(1e-6, gt=0, description="number added to the mean square")
    affine: bool = Field(True, description="learned scale of each channel")
    freeze: Freeze = FREEZE

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return {"weight": inputs[0][-1:]} if self.affine else {}

    def kept(self, inputs: Shapes) -> Kept | None:
        """Return the input and a root for each position; on a CPU also the quotient, if that is scaled."""
        roots, quotients = prod(inputs[0][:-1]), prod(inputs[0]) if self.affine else 0
        return Kept(inputs=(0,), fp32=roots, on_cpu=Kept(inputs=(0,), fp32=roots + quotients))

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        module = "modules.ChannelRMSNorm" if is_map(inputs[0]) else "modules.RMSNorm"
        return (TorchCall(module, normalized_shape=inputs[0][-1], eps=self.eps, elementwise_affine=self.affine),)
