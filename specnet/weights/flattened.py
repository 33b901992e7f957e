"""Maps that are read as one vector, whose elements Keras counts in another order than torch."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, fx, nn

from specnet.weights.fitting import Shape


def find_flattened(module: nn.Module, input_shape: Shape) -> dict[str, Shape]:
    """Return the C×H×W of the map that each layer reads as one vector, by the layers' names, for an input of H×W×C.

    Only a Linear and what is between it and the map are there, and only for maps of several positions.
    """
    if not isinstance(module, fx.GraphModule) or len(input_shape) != 3:
        return {}
    shapes = _Shapes(_copy_without_values(module))
    height, width, channels = input_shape
    shapes.run(torch.empty(1, channels, height, width, device="meta"))
    return shapes.flattened


def _copy_without_values(module: fx.GraphModule) -> fx.GraphModule:
    """Return a copy in evaluation mode whose tensors have shapes alone."""
    memo: dict[int, Tensor] = {id(value): nn.Parameter(value.to("meta")) for value in module.parameters()}
    memo |= {id(value): value.to("meta") for value in module.buffers()}
    return copy.deepcopy(module, memo).eval()


class _Shapes(fx.Interpreter):
    """Runs a module and notes which layers read vectors that are made of maps."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.flattened: dict[str, Shape] = {}
        self._maps: dict[fx.Node, Shape] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        sources = n.all_input_nodes
        if len(sources) == 1 and isinstance(value, Tensor) and value.ndim == 2:
            before = self.env.get(sources[0])
            if isinstance(before, Tensor) and before.ndim == 4:
                self._maps[n] = tuple(before.shape[1:])
            elif sources[0] in self._maps:
                self._note_reader(n, self._maps[sources[0]])
        return value

    def _note_reader(self, n: fx.Node, shape: Shape) -> None:
        """Note a module that reads a flattened map; what is no Linear passes the order of its values on."""
        if n.op == "call_module" and shape[1] * shape[2] > 1:
            self.flattened[str(n.target)] = shape
        if not (n.op == "call_module" and isinstance(self.submodules.get(str(n.target)), nn.Linear)):
            self._maps[n] = shape
