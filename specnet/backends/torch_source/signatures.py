"""How torch's modules and functions are called: argument names in order, defaults, the function that a module applies.

A default that is a name is the value of that argument. What is not listed here is written as the layer gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Signature:
    """Names of the arguments that must be given, and the defaults of the others."""

    required: tuple[str, ...]
    defaults: Mapping[str, Any]


@dataclass(frozen=True)
class Other:
    """A default that is the value of another argument."""

    name: str


_STRIDE: dict[str, Any] = {"stride": 1, "padding": 0}
_POOL: dict[str, Any] = {"stride": Other("kernel_size"), "padding": 0}

_TABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "nn.ReLU": ("", {}),
    "nn.ReLU6": ("", {}),
    "nn.SELU": ("", {}),
    "nn.SiLU": ("", {}),
    "nn.Mish": ("", {}),
    "nn.Sigmoid": ("", {}),
    "nn.Tanh": ("", {}),
    "nn.Hardsigmoid": ("", {}),
    "nn.Hardswish": ("", {}),
    "nn.Conv2d": ("in_channels out_channels kernel_size", _STRIDE | {"dilation": 1, "groups": 1, "bias": True}),
    "nn.ConvTranspose2d": (
        "in_channels out_channels kernel_size",
        _STRIDE | {"output_padding": 0, "groups": 1, "bias": True, "dilation": 1},
    ),
    "nn.Linear": ("in_features out_features", {"bias": True}),
    "nn.BatchNorm1d": ("num_features", {"eps": 1e-5, "momentum": 0.1, "affine": True}),
    "nn.BatchNorm2d": ("num_features", {"eps": 1e-5, "momentum": 0.1, "affine": True}),
    "nn.InstanceNorm2d": ("num_features", {"eps": 1e-5, "momentum": 0.1, "affine": False}),
    "nn.GroupNorm": ("num_groups num_channels", {"eps": 1e-5, "affine": True}),
    "nn.LayerNorm": ("normalized_shape", {"eps": 1e-5, "elementwise_affine": True}),
    "nn.PReLU": ("", {"num_parameters": 1, "init": 0.25}),
    "nn.MaxPool2d": ("kernel_size", _POOL | {"dilation": 1, "ceil_mode": False}),
    "nn.AvgPool2d": ("kernel_size", _POOL | {"ceil_mode": False, "count_include_pad": True}),
    "nn.AdaptiveMaxPool2d": ("output_size", {}),
    "nn.AdaptiveAvgPool2d": ("output_size", {}),
    "nn.LocalResponseNorm": ("size", {"alpha": 1e-4, "beta": 0.75, "k": 1.0}),
    "nn.Dropout": ("p", {}),
    "nn.Dropout2d": ("p", {}),
    "nn.LeakyReLU": ("", {"negative_slope": 0.01}),
    "nn.ELU": ("", {"alpha": 1.0}),
    "nn.GELU": ("", {"approximate": "none"}),
    "nn.Softmax": ("", {"dim": None}),
    "nn.PixelShuffle": ("upscale_factor", {}),
    "nn.PixelUnshuffle": ("downscale_factor", {}),
    "nn.ChannelShuffle": ("groups", {}),
    "nn.Upsample": ("", {"size": None, "scale_factor": None, "mode": "nearest", "align_corners": None}),
    "F.pad": ("pad", {"mode": "constant", "value": None}),
    "torch.flatten": ("start_dim", {}),
    "torch.cat": ("dim", {}),
}
"""Of each, the required arguments and the others with their defaults."""

FUNCTIONS: Mapping[str, str] = {
    "nn.MaxPool2d": "F.max_pool2d",
    "nn.AvgPool2d": "F.avg_pool2d",
    "nn.AdaptiveMaxPool2d": "F.adaptive_max_pool2d",
    "nn.AdaptiveAvgPool2d": "F.adaptive_avg_pool2d",
    "nn.LocalResponseNorm": "F.local_response_norm",
    "nn.Dropout": "F.dropout",
    "nn.Dropout2d": "F.dropout2d",
    "nn.ReLU": "F.relu",
    "nn.ReLU6": "F.relu6",
    "nn.LeakyReLU": "F.leaky_relu",
    "nn.ELU": "F.elu",
    "nn.SELU": "F.selu",
    "nn.GELU": "F.gelu",
    "nn.SiLU": "F.silu",
    "nn.Mish": "F.mish",
    "nn.Sigmoid": "torch.sigmoid",
    "nn.Tanh": "torch.tanh",
    "nn.Hardsigmoid": "F.hardsigmoid",
    "nn.Hardswish": "F.hardswish",
    "nn.Softmax": "F.softmax",
    "nn.PixelShuffle": "F.pixel_shuffle",
    "nn.PixelUnshuffle": "F.pixel_unshuffle",
    "nn.ChannelShuffle": "F.channel_shuffle",
    "nn.Upsample": "F.interpolate",
    "nn.Flatten": "torch.flatten",
    "nn.ZeroPad2d": "F.pad",
    "nn.ReflectionPad2d": "F.pad",
    "nn.ReplicationPad2d": "F.pad",
    "nn.CircularPad2d": "F.pad",
}
"""Modules without weights, and the function that a forward pass calls in their place."""

KEYWORDS: Mapping[str, Mapping[str, Any]] = {
    "nn.Flatten": {"start_dim": 1},
    "nn.ReflectionPad2d": {"mode": "reflect"},
    "nn.ReplicationPad2d": {"mode": "replicate"},
    "nn.CircularPad2d": {"mode": "circular"},
}
"""What the function must be told where the module needs not."""

IN_TRAINING = frozenset({"F.dropout", "F.dropout2d"})
"""Functions that must be told whether the network is being trained."""


@cache
def signature(target: str) -> Signature | None:
    """How a module or function of torch is called; None where the table does not say."""
    if target not in _TABLE:
        module = next((module for module, function in FUNCTIONS.items() if function == target), None)
        return signature(module) if module else None
    required, defaults = _TABLE[target]
    return Signature(tuple(required.split()), defaults)
