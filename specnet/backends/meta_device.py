"""Measure the layers of plugins on torch's meta device, where tensors have shapes and no elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from specnet.backends.torch_targets import join_values, resolve
from specnet.diagnostics import Code
from specnet.errors import PluginError
from specnet.layers.base import Layer, TorchCall, format_shape, format_shapes
from specnet.layers.base.module_layer import Measured
from specnet.layers.base.shapes import LayerError, Shape, Shapes
from specnet.plugin_loading.importing import explain_failure, find_home

BATCH = 2
"""The images of the batch: more than one, so that a module that mixes them up with another axis is noticed."""


def measure_module(path: str, arguments: Mapping[str, Any], inputs: Shapes) -> Measured:
    """Return what the module of an import path is on inputs H×W×C or L, in evaluation; raises LayerError."""
    try:
        return _measure_once(path, tuple(sorted(arguments.items())), inputs)
    except TypeError as error:
        if "unhashable" not in str(error):
            raise
        return _measure(path, arguments, inputs)


@cache
def _measure_once(path: str, arguments: tuple[tuple[str, Any], ...], inputs: Shapes) -> Measured:
    return _measure(path, dict(arguments), inputs)


def _measure(path: str, arguments: Mapping[str, Any], inputs: Shapes) -> Measured:
    module = _construct(path, arguments)
    images = [torch.empty(BATCH, *_channels_first(shape), device="meta") for shape in inputs]
    try:
        with torch.no_grad():
            output = module.eval()(*images)
    except Exception as error:
        failure = explain_failure(error, f"cannot be measured: `{path}`", [find_home(type(module))])
        raise LayerError(Code.E308, f"{failure}; a rule for its shape, `output`, needs no torch") from None
    return Measured(
        _read_shape(path, output),
        {name: tuple(tensor.shape) for name, tensor in module.named_parameters()},
        {name: tuple(tensor.shape) for name, tensor in module.named_buffers()},
    )


def _construct(path: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Construct the module without memory for its tensors; raises LayerError."""
    try:
        made = resolve(path)
    except PluginError as error:
        raise LayerError(Code.E308, f"cannot be measured: {error}") from None
    try:
        with torch.device("meta"):
            module = made(**arguments)
    except Exception as error:
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        what = f"cannot be measured: `{path}({given})`"
        raise LayerError(Code.E308, explain_failure(error, what, [find_home(made)])) from None
    if not isinstance(module, nn.Module):
        raise LayerError(Code.E308, f"cannot be measured: `{path}` is no torch.nn.Module")
    return module


def _read_shape(path: str, output: Any) -> Shape:
    """Return the shape H×W×C or L of a batch N×C×H×W or N×L; raises LayerError."""
    if not isinstance(output, Tensor):
        kind = type(output).__name__
        raise LayerError(Code.E308, f"cannot be measured: `{path}` returns a {kind}, and a layer has one tensor")
    if output.ndim not in (2, 4) or output.shape[0] != BATCH:
        shape = "×".join(map(str, output.shape))
        fact = f"returns {shape} for a batch of {BATCH}, and a layer N×C×H×W or N×length"
        raise LayerError(Code.E308, f"cannot be measured: `{path}` {fact}")
    channels, *sizes = output.shape[1:]
    return (*sizes, channels)


def _channels_first(shape: Shape) -> Shape:
    return (shape[-1], *shape[:-1])


def verify_layer(name: str, layer: Layer, inputs: Shapes) -> None:
    """Compare what a layer says of itself with the torch module that it names; raises PluginError where they differ.

    What cannot be computed on the meta device is not compared.
    """
    values: list[Any] = [torch.empty(BATCH, *_channels_first(shape), device="meta") for shape in inputs]
    tensors: dict[str, tuple[int, ...]] = {}
    try:
        for call in layer.torch(inputs):
            apply = _make_function(call, tensors)
            with torch.no_grad():
                values = [join_values(call, apply, values)]
    except PluginError:
        raise
    except Exception:
        return
    said = {**layer.parameters(inputs), **layer.buffers(inputs)}
    if differing := next((key for key in {**said, **tensors} if said.get(key) != tensors.get(key)), None):
        both = f"{_format(said.get(differing))}, and in torch it has {_format(tensors.get(differing))}"
        raise PluginError(f"`{name}`: by its class the tensor `{differing}` has {both}")
    if (shape := _read_shape(name, values[0])) != (rule := layer.output(inputs)):
        both = f"{format_shape(rule)}, and torch returns {format_shape(shape)}"
        raise PluginError(f"`{name}`: of {format_shapes(inputs)} its `output` makes {both}")


def _make_function(call: TorchCall, tensors: dict[str, tuple[int, ...]]) -> Callable[..., Any]:
    """Return the function of a call, or the module that it constructs, whose tensors are added to `tensors`."""
    made = resolve(call.target)
    if not call.is_module:
        return lambda *values, **size: made(*values, **size, **call.arguments)
    with torch.device("meta"):
        module: nn.Module = made(**call.arguments).eval()
    named = (*module.named_parameters(), *module.named_buffers())
    tensors.update((name, tuple(tensor.shape)) for name, tensor in named)
    return module


def _format(shape: tuple[int, ...] | None) -> str:
    return "no such shape" if shape is None else f"the shape {shape}"
