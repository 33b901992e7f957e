"""The base of activations that are a single torch module."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base.layer import PositionWise
from specnet.layers.base.shapes import Shapes
from specnet.layers.base.torch_call import TorchCall
from specnet.layers.base.traits import Family, Storage


class Activation(PositionWise):
    """A non-linearity applied to each element by itself; its fields are the arguments of torch's module."""

    family: ClassVar[Family] = Family.ACTIVATION
    storage: ClassVar[Storage | None] = Storage.IN_PLACE

    module: ClassVar[str]
    """torch's class, `nn.ReLU`."""

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall(self.module, **{name: getattr(self, name) for name in type(self).model_fields}),)
