"""Turn the variables of Keras's layers into torch's tensors: their names, and the order of their axes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from specnet.weights.stored import StoredLayer, StoredTensors, StoredWeights

ROLES = {
    "kernel": "weight",
    "gamma": "weight",
    "alpha": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Keras's names of variables, and torch's; the only variable of a layer with another name is a factor."""

NUMBERS = re.compile(r"_\d+(?=/|$)")
"""What version 3 puts behind the class of a layer: `layers/conv2d_3`."""

PREPARES = {"mean", "variance", "count"}
"""The variables of a Normalization layer, which prepares the images."""


def group_keras_layers(stored: StoredTensors) -> StoredWeights:
    """Return the layers of a Keras file with torch's names and axes; normalisations of images are set aside."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in stored.tensors.items():
        owner, _, variable = name.rpartition("/")
        groups.setdefault(owner, {})[variable] = tensor
    layers, aside = list[StoredLayer](), list[str]()
    for owner, variables in groups.items():
        name, kind = stored.titles.get(owner, owner), NUMBERS.sub("", owner) if _is_numbered(variables) else ""
        named = _name_variables(owner, variables)
        if PREPARES & named.keys():
            aside.append(name)
        else:
            layers += _make_layers(name, kind, named)
    return StoredWeights(stored.path, "keras", stored.order, tuple(layers), tuple(aside))


def _is_numbered(variables: Mapping[str, Tensor]) -> bool:
    """Whether the variables have numbers for names, and their layers those of classes, as in version 3."""
    return all(name.isdigit() for name in variables)


def _name_variables(owner: str, variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return variables by Keras's names; version 3 numbers them in the order in which a layer makes them."""
    if not _is_numbered(variables):
        return dict(variables)
    return dict(zip(_guess_names(owner.rpartition("/")[2], list(variables.values())), variables.values(), strict=False))


def _guess_names(kind: str, values: list[Tensor]) -> tuple[str, ...]:
    """Return the names of numbered variables by the kind of their layer, `batch_normalization_3`, and their axes."""
    if kind.startswith("normalization"):
        return ("mean", "variance", "count")
    if kind.startswith("separable_conv"):
        return ("depthwise_kernel", "pointwise_kernel", "bias")
    if kind.startswith("depthwise_conv"):
        return ("depthwise_kernel", "bias")
    if values[0].ndim > 1:
        return ("kernel", "bias")
    if kind.startswith("batch_normalization") and len(values) == 3:
        return ("beta", "moving_mean", "moving_variance")
    return ("gamma", "beta", "moving_mean", "moving_variance")


def _make_layers(name: str, kind: str, variables: dict[str, Tensor]) -> list[StoredLayer]:
    """Return the layer, or both halves of a separable convolution; a bn without a scale gets one of 1."""
    layers = []
    if (kernel := variables.pop("depthwise_kernel", None)) is not None:
        halves = "pointwise_kernel" in variables
        bias = {} if halves else _name_roles(variables)
        layers.append(
            StoredLayer(f"{name}/depthwise" if halves else name, {"weight": _depthwise(kernel), **bias}, kind)
        )
        if not halves:
            return layers
        variables["kernel"] = variables.pop("pointwise_kernel")
    tensors = _name_roles(variables)
    if "running_var" in tensors and "weight" not in tensors:
        tensors = {"weight": torch.ones_like(tensors["running_var"]), **tensors}
    return [*layers, StoredLayer(name, tensors, kind)]


def _name_roles(variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
    own = "weight" if len(variables) == 1 else ""
    return {ROLES.get(name, own or name): _order_axes(tensor) for name, tensor in variables.items()}


def _order_axes(tensor: Tensor) -> Tensor:
    """Return F×F×C×K as K×C×F×F, N×K as K×N; a vector stays as it is."""
    return tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor.mT if tensor.ndim == 2 else tensor


def _depthwise(kernel: Tensor) -> Tensor:
    """Return F×F×C×M as C·M×1×F×F."""
    height, width, channels, times = kernel.shape
    return kernel.permute(2, 3, 0, 1).reshape(channels * times, 1, height, width)
