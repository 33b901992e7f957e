"""lrn: local response normalisation over channels, `lrn n=5 alpha=1e-4 beta=0.75 k=2`
(Krizhevsky, Sutskever and Hinton 2012, section 3.3)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.attributes import Count
from specnet.layers.base import Shape, Shapes, TorchCall, require_map
from specnet.layers.base.families import Normalisation
from specnet.layers.base.traits import Autocast, Kept, Workload


class Lrn(Normalisation):
    """x/(k + alpha/n·Σx²)^beta, summed over n neighbouring channels; torch and Caffe also divide alpha by n."""

    autocast: ClassVar[Autocast] = Autocast.FULL_RESULT  # the power is computed in fp32, the squares are not

    size: Count = Field(5, alias="n", description="number of neighbouring channels")
    alpha: float = Field(1e-4, description="factor of the mean square")
    beta: float = Field(0.75, description="exponent")
    k: float = Field(2.0, description="number added to the mean square")

    def output(self, inputs: Shapes) -> Shape:
        return require_map(inputs)

    @property
    def workload(self) -> Workload:
        return Workload.POOLING

    def operations(self, inputs: Shapes) -> int:
        """Return the squares that are averaged, n for each element."""
        return self.size * prod(inputs[0])

    def kept(self, inputs: Shapes) -> Kept | None:
        """Return the input, its padded squares, their mean, scaled, and that to the power of beta."""
        height, width, channels = inputs[0]
        squares = channels + 2 * (self.size // 2) - (self.size % 2 == 0)
        return Kept(inputs=(0,), elements_like_input=height * width * squares, elements=height * width * 2 * channels)

    def scratch(self, inputs: Shapes) -> int:
        """Return two maps: the mean of the squares, and that scaled."""
        return 2 * prod(inputs[0])

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the gradients of the three maps that are kept."""
        return 3 * prod(inputs[0])

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.LocalResponseNorm", size=self.size, alpha=self.alpha, beta=self.beta, k=self.k),)
