"""What all activations share: one word, one torch module, the shape kept."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.layer import ShapePreserving
from specnet.layers.base.shapes import Shapes
from specnet.layers.base.torch_call import TorchCall
from specnet.layers.base.traits import Family


class Activation(ShapePreserving):
    """A non-linearity applied to each number by itself. Its fields are torch's arguments."""

    family: ClassVar[Family] = Family.ACTIVATION

    module: ClassVar[str]
    """torch's class, `nn.ReLU`."""

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall(self.module, **{name: getattr(self, name) for name in type(self).model_fields}),)
