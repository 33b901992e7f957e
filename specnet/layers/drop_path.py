"""drop_path: stochastic depth, `drop_path 0.1` at the end of a residual arm (Huang et al. 2016)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.attributes import Probability
from specnet.layers.base import Shapes, TorchCall
from specnet.layers.base.families import Regularisation
from specnet.layers.base.traits import Kept


class DropPath(Regularisation):
    """Zeroes the whole map of an image with probability p in training, and scales the others by 1/(1 − p)."""

    positional: ClassVar[tuple[str, ...]] = ("p",)
    usual: ClassVar[tuple[str, ...]] = ("0.1",)

    p: Probability = Field(description="probability of being dropped")

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(elements=1)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("modules.DropPath", p=self.p),)
