"""From the calls of torch.ops.aten to the operators of a program of tensors: a function for each kind of call."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.importers.tensors.program import Program
from specnet.importers.torch_export import axis_calls, element_calls, window_calls
from specnet.importers.torch_export.calls import Calls
from specnet.importers.torch_export.constants import fold_constants
from specnet.importers.torch_export.writer import Writer, Writing

CALLS: Mapping[str, Writing] = {**window_calls.CALLS, **element_calls.CALLS, **axis_calls.CALLS}
"""What a call becomes, by the name of its operator; one that ends with `_` changes its first argument in place."""


def make_program(calls: Calls, format: str, name: str, remarks: tuple[str, ...] = ()) -> Program:
    """Return a program of torch as one of tensor operators."""
    return Writer(fold_constants(calls), CALLS).write(format, name, remarks)
