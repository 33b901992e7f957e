"""Layers that are a torch module of somebody else's, given by its import path; what they do not say, torch is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from specnet.diagnostics import Code
from specnet.layers.base.layer import Layer, TorchCall
from specnet.layers.base.shapes import LayerError, Shape, Shapes
from specnet.package import load_from_module


class Measured(NamedTuple):
    """What a torch module is on inputs of given shapes: its output's shape, its parameters and its buffers."""

    output: Shape
    parameters: Mapping[str, tuple[int, ...]]
    buffers: Mapping[str, tuple[int, ...]]


class ModuleLayer(Layer):
    """A layer whose `module` is the import path of a torch module, `mypkg.modules:Swish`.

    The attributes are the arguments of its constructor. Without a rule in `output`, the output's shape is that which
    the module has on torch's meta device, without computing anything; the same goes for `parameters` and `buffers`.
    Multiply-accumulates, memory and receptive field stay unknown unless the layer says them.
    """

    asks_torch: ClassVar[bool] = True

    module: ClassVar[str]
    """The import path of the torch module."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "output" in vars(cls):
            cls.asks_torch = False

    def arguments(self, inputs: Shapes) -> Mapping[str, Any]:
        """Return the arguments of the module's constructor, which may depend on the shapes of the inputs."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def output(self, inputs: Shapes) -> Shape:
        return self._measure(inputs).output

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return self._measure(inputs).parameters

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        return self._measure(inputs).buffers

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall(self.module, **self.arguments(inputs)),)

    def _measure(self, inputs: Shapes) -> Measured:
        """Ask torch; raises LayerError where it is not installed."""
        try:  # by name, as what a check imports must not lead to torch; this is for layers of plugins alone
            measure = load_from_module("specnet.backends.meta_device", "measure_module")
        except ModuleNotFoundError as missing:
            fact = f"is measured with torch, as it does not say everything itself, and there is no {missing.name}"
            install = "pip install 'specnet[train]', or give its class `output`, `parameters` and `buffers`"
            raise LayerError(Code.E308, f"{fact}: {install}") from None
        found: Measured = measure(self.module, self.arguments(inputs), inputs)
        return found
