"""How Flax's classes and functions are written."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.backends.source.calls import SourceCall, format_template
from specnet.backends.source.class_syntax import ClassSyntax
from specnet.backends.source.pretty_printer import PythonText, format_call


def apply_function(
    call: SourceCall, function: str, values: Sequence[PythonText], arguments: Sequence[PythonText]
) -> PythonText:
    """Return the call of a function with values: `nnx.relu(x)`, `x[:, 0]`."""
    if call.is_template:
        return format_template(call, values[0], arguments)
    return format_call(function, [*values, *arguments])


FLAX_SYNTAX = ClassSyntax(
    base="nnx.Module",
    method="__call__",
    sequential="nnx.Sequential",
    module_list="nnx.List",
    container="nnx.Module()",
    size="{}.shape[1:3]",
    apply_function=apply_function,
    keyword="rngs",
)
