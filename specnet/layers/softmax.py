"""softmax: turns the channels of each position, or a vector, into probabilities."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Family, ShapePreserving, Shapes, TorchCall


class Softmax(ShapePreserving):
    """eˣ/Σeˣ over channels: dimension 1 of N×C×H×W and of N×C."""

    family: ClassVar[Family] = Family.ACTIVATION

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.Softmax", dim=1),)
