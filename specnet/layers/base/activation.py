"""What all activations share: one word, one torch module, the shape kept."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.layer import ShapePreserving
from specnet.layers.base.shapes import Shapes
from specnet.layers.base.torch_call import TorchCall, without
from specnet.layers.base.traits import Family


class Activation(ShapePreserving):
    """A non-linearity applied to each number by itself. Its fields are torch's arguments, with torch's defaults."""

    family: ClassVar[Family] = Family.ACTIVATION

    module: ClassVar[str]
    """torch's class, `nn.ReLU`."""

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        fields = type(self).model_fields
        values = {name: getattr(self, name) for name in fields}
        return (TorchCall(self.module, (), without(values, {name: field.default for name, field in fields.items()})),)
