"""Compute what the calls of a program give, operator by operator, to compare the network that was made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from specnet.importers.torch_export.calls import Calls
from specnet.importers.torch_export.constants import call_operator

if TYPE_CHECKING:
    from numpy import ndarray


def run_calls(program: Calls, arrays: Sequence[ndarray]) -> list[ndarray]:
    """Return the outputs of a program for these inputs, of operators of torch.ops.aten alone."""
    values: dict[str, Tensor] = {name: tensor.clone() for name, tensor in program.tensors.items()}
    values |= {name: torch.from_numpy(array) for name, array in zip(program.inputs, arrays, strict=True)}
    with torch.no_grad():
        for call in program.calls:
            if not call_operator(call, values):
                raise RuntimeError(f"`{call.target}` is no operator of aten")
    return [values[name].numpy() for name in program.outputs]
