"""dropout: zeroes elements at random in training, `dropout 0.5` (Srivastava et al. 2014)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from pydantic import Field

from specnet.attributes import Probability
from specnet.layers.base import Shapes, TorchCall
from specnet.layers.base.families import Regularisation
from specnet.layers.base.traits import KEEPS_NOTHING, Kept


class Dropout(Regularisation):
    """Zeroes each element with probability p in training, and scales the others by 1/(1 − p)."""

    positional: ClassVar[tuple[str, ...]] = ("p",)

    p: Probability = Field(0.5, description="probability of being zeroed")

    def kept(self, inputs: Shapes) -> Kept | None:
        return Kept(mask=prod(inputs[0])) if self.p else KEEPS_NOTHING

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.Dropout", p=self.p),)
