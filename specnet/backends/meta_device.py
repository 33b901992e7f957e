"""Measure the layers of plugins on torch's meta device, where tensors have shapes and no elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from specnet.backends.torch_targets import join_values, resolve
from specnet.diagnostics import Code
from specnet.errors import PluginError
from specnet.graph import Network
from specnet.layers.base import Layer, TorchCall, format_shape, format_shapes, order_as_torch
from specnet.layers.base.module_layer import Measured
from specnet.layers.base.shapes import LayerError, Shape, Shapes
from specnet.plugin_loading.importing import explain_failure, find_home
from specnet.plugin_loading.loading import tell

BATCH = 2
"""The images of the batch: more than one, so that a module that mixes them up with another axis is noticed."""


NOT_LAZY = "construct one that is not, with the sizes that `inputs` has"


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
    images = [torch.empty(BATCH, *order_as_torch(shape), device="meta") for shape in inputs]
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
    """Return the shape H×W×C, L×C or L of a batch N×C×H×W, N×L×C or N×L; raises LayerError."""
    if not isinstance(output, Tensor):
        kind = type(output).__name__
        raise LayerError(Code.E308, f"cannot be measured: `{path}` returns a {kind}, and a layer has one tensor")
    if output.ndim not in (2, 3, 4) or output.shape[0] != BATCH:
        shape = "×".join(map(str, output.shape))
        fact = f"returns {shape} for a batch of {BATCH}, and a layer N×C×H×W, N×length×channels or N×length"
        raise LayerError(Code.E308, f"cannot be measured: `{path}` {fact}")
    sizes = tuple(output.shape[1:])
    return (*sizes[1:], sizes[0]) if len(sizes) == 3 else sizes


# A layer and the module that it names


def verify_network(network: Network) -> None:
    """Compare what each layer of a plugin says with torch; raises PluginError where they differ."""
    for node in network.nodes:
        shapes = network.input_shapes(node)
        if node.layer and node.layer.own_kind and shapes:
            verify_layer(node.name, node.layer, shapes)


def verify_layer(name: str, layer: Layer, inputs: Shapes) -> None:
    """Compare what a layer says of itself with the torch module that it names; raises PluginError where they differ.

    What the meta device cannot compute, such as a branch that depends on a value, is computed with random numbers.
    """
    modules: list[nn.Module] = []
    try:
        output, failure = _compute(layer, inputs, "meta", modules)
        if failure:
            output, failure = _compute(layer, inputs, "cpu", modules)
    except PluginError as error:
        raise PluginError(f"`{name}`: {error}") from None
    _compare_tensors(name, layer, inputs, modules)
    if failure:  # the module may need a GPU
        _note_once(f"the shape of `{layer.kind}` is not compared with torch, as {failure}")
    elif (shape := _read_shape(name, output)) != (rule := layer.output(inputs)):
        both = f"{format_shape(rule)}, and torch returns {format_shape(shape)}"
        raise PluginError(f"`{name}`: of {format_shapes(inputs)} its `output` makes {both}")


def _compute(layer: Layer, inputs: Shapes, device: str, modules: list[nn.Module]) -> tuple[Any, str]:
    """Return the output for random images, or why there is none; `modules` becomes those that are constructed.

    Raises PluginError where a target names nothing, or a module cannot be constructed on the CPU.
    """
    modules.clear()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        values: list[Any] = [torch.rand(BATCH, *order_as_torch(shape), device=device) for shape in inputs]
        for call in layer.torch(inputs):
            try:
                values = [join_values(call, _make_function(call, device, modules), values)]
            except PluginError:
                raise
            except Exception as error:
                return None, explain_failure(error, f"`{call.target}`", _list_homes(layer, call))
    return values[0], ""


def _list_homes(layer: Layer, call: TorchCall) -> list[str]:
    """Return the folders of a layer and of what it calls, unless that is torch's."""
    return [find_home(type(layer)), *([find_home(resolve(call.target))] if ":" in call.target else [])]


def _compare_tensors(name: str, layer: Layer, inputs: Shapes, modules: Sequence[nn.Module]) -> None:
    found = [pair for each in modules for pair in (*each.named_parameters(), *each.named_buffers())]
    tensors = {name: tuple(tensor.shape) for name, tensor in found}
    said = {**layer.parameters(inputs), **layer.buffers(inputs)}
    if differing := next((key for key in {**said, **tensors} if said.get(key) != tensors.get(key)), None):
        both = f"{_format(said.get(differing))}, and in torch it has {_format(tensors.get(differing))}"
        raise PluginError(f"`{name}`: by its class the tensor `{differing}` has {both}")


@cache
def _note_once(text: str) -> None:
    tell(text)


def _make_function(call: TorchCall, device: str, modules: list[nn.Module]) -> Callable[..., Any]:
    """Return the function of a call, or the module that it constructs, which is added to `modules`."""
    made = resolve(call.target)
    if not call.is_module:
        return lambda *values, **size: made(*values, **size, **call.arguments)
    try:
        with torch.device(device):
            module: nn.Module = made(**call.arguments).eval()
    except Exception as error:
        if device == "meta":
            raise
        raise PluginError(explain_failure(error, f"`{call.target}`", [find_home(made)])) from None
    if any(map(is_lazy, (*module.parameters(), *module.buffers()))):
        raise PluginError(f"`{call.target}` is lazy: its tensors have no shape before its first call; {NOT_LAZY}")
    modules.append(module)
    return module


def _format(shape: tuple[int, ...] | None) -> str:
    return "no such shape" if shape is None else f"the shape {shape}"
