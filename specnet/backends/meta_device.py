"""Measure torch modules of plugins on the meta device, where tensors have shapes and no elements."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from specnet.diagnostics import Code
from specnet.errors import PluginError
from specnet.layers.base.module_layer import Measured
from specnet.layers.base.shapes import LayerError, Shape, Shapes
from specnet.plugin_loading.importing import explain_failure, find_home, import_object

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
        made = import_object(path)
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
