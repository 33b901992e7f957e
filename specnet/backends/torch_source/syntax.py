"""How torch's classes, functions and methods of tensors are written."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.backends.source.calls import SourceCall
from specnet.backends.source.class_syntax import ClassSyntax
from specnet.backends.source.pretty_printer import Bracketed, PythonText, format_call, format_operand

VARIADIC_METHODS = ("torch.permute", "torch.reshape")
"""The functions whose tuple is written as several arguments of a method: `x.permute(0, 2, 3, 1)`."""


def apply_function(
    call: SourceCall, function: str, values: Sequence[PythonText], arguments: Sequence[PythonText]
) -> PythonText:
    """Return the call of a function with values: `F.relu(x)`, `x.flatten(2)`."""
    if call.is_method:
        return format_method(values[0], call.target, arguments)
    return format_call(function, [*values, *arguments])


def format_method(value: PythonText, function: str, arguments: Sequence[PythonText]) -> Bracketed:
    """Return a function of torch as a method of a tensor: `x.flatten(2)`; `x[:, 0]` for `torch.select(x, 1, 0)`."""
    owner = format_operand(value)
    if function == "torch.select" and arguments[0] == "1":
        return Bracketed(f"{owner}[", (":", arguments[1]), "]")
    sizes = arguments[0] if function in VARIADIC_METHODS else ""
    method = function.removeprefix("torch.")
    return format_call(f"{owner}.{method}", sizes.parts if isinstance(sizes, Bracketed) else arguments)


TORCH_SYNTAX = ClassSyntax(
    base="nn.Module",
    method="forward",
    sequential="nn.Sequential",
    module_list="nn.ModuleList",
    container="nn.Module()",
    size="{}.shape[-2:]",
    apply_function=apply_function,
    first_line="super().__init__()",
    has_paths=True,
    freezes=True,
)
