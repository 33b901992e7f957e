"""The base class of all layers, and all that a layer says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from specnet.attributes import Attributes
from specnet.layers.base.errors import LayerNote
from specnet.layers.base.shapes import Shape, Shapes
from specnet.layers.base.torch_call import TorchCall
from specnet.layers.base.traits import Family


class Layer(Attributes):
    """A layer with its attributes; nothing in it depends on where it was written."""

    family: ClassVar[Family]

    preserves_shape: ClassVar[bool] = False
    """Whether what leaves has the shape of what arrives (activations, normalisation, dropout)."""

    @property
    def kind(self) -> str:
        """The word that the layer is written as: the name of the file that defines it."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def goes_by(self) -> tuple[str, ...]:
        """What the layer goes by where parameters are grouped: its kind, and `norm` where it normalises."""
        return (self.kind, "norm") if self.family is Family.NORMALISATION else (self.kind,)

    def output(self, inputs: Shapes) -> Shape:
        """The shape that leaves; raises LayerError."""
        raise NotImplementedError

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        """What is worth saying though the layer is accepted."""
        return ()

    def formula(self, inputs: Shapes) -> str:
        """The arithmetic of the output's size with its numbers put in; empty where there is none."""
        return ""

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Learned tensors: name and shape, as torch has them."""
        return {}

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        """Tensors that are kept but not learned: name and shape, as torch has them."""
        return {}

    def macs(self, inputs: Shapes) -> int:
        """Multiply-accumulates of one forward pass for one image; only conv, deconv and fc have any."""
        return 0

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        """What torch applies in turn; at most one call has parameters, and it takes the node's name."""
        raise NotImplementedError


class ShapePreserving(Layer):
    """A layer whose output has the shape of its input."""

    preserves_shape: ClassVar[bool] = True

    def output(self, inputs: Shapes) -> Shape:
        return inputs[0]
