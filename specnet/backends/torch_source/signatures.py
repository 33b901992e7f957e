"""torch's signatures: the order and the defaults of arguments, and which of them are passed by position.

They stand here as text, so that writing source needs no torch; a test compares them with torch itself.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

SIGNATURES: Mapping[str, str] = {
    "nn.Conv2d": "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True",
    "nn.ConvTranspose2d": "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
    "bias=True, dilation=1",
    "nn.Linear": "in_features, out_features, bias=True",
    "nn.BatchNorm1d": "num_features, eps=1e-5, momentum=0.1, affine=True",
    "nn.BatchNorm2d": "num_features, eps=1e-5, momentum=0.1, affine=True",
    "nn.InstanceNorm2d": "num_features, eps=1e-5, momentum=0.1, affine=False",
    "nn.GroupNorm": "num_groups, num_channels, eps=1e-5, affine=True",
    "nn.LayerNorm": "normalized_shape, eps=1e-5, elementwise_affine=True",
    "nn.PReLU": "num_parameters=1, init=0.25",
    "F.max_pool2d": "kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False",
    "F.avg_pool2d": "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
    "F.adaptive_max_pool2d": "output_size",
    "F.adaptive_avg_pool2d": "output_size",
    "F.local_response_norm": "size, alpha=1e-4, beta=0.75, k=1.0",
    "F.dropout": "p=0.5, training=True, /",
    "F.relu": "",
    "F.relu6": "",
    "F.leaky_relu": "negative_slope=0.01",
    "F.elu": "alpha=1.0",
    "F.selu": "",
    "F.gelu": "approximate='none'",
    "F.silu": "",
    "F.mish": "",
    "F.hardsigmoid": "",
    "F.hardswish": "",
    "F.softmax": "dim=None",
    "F.pixel_shuffle": "upscale_factor",
    "F.pixel_unshuffle": "downscale_factor",
    "F.channel_shuffle": "groups",
    "F.interpolate": "size=None, scale_factor=None, mode='nearest', align_corners=None",
    "F.pad": "pad, mode='constant', value=None",
    "torch.sigmoid": "",
    "torch.tanh": "",
    "torch.mul": "other",
    "torch.cat": "dim=0, /",
    "torch.flatten": "start_dim=0, /, end_dim=-1",
    "torch.narrow": "dim, start, length",
    "torch.permute": "dims",
    "torch.reshape": "shape",
}
"""Of a module, the arguments of its constructor; of a function, those that follow its input values.

Arguments without a default are passed by position, those with one by name and only where they differ from it;
those before a `/` are always passed, and by position. A `stride` of None is the kernel size, as in torch.
"""

FUNCTIONS: Mapping[str, str] = {
    "nn.MaxPool2d": "F.max_pool2d",
    "nn.AvgPool2d": "F.avg_pool2d",
    "nn.AdaptiveMaxPool2d": "F.adaptive_max_pool2d",
    "nn.AdaptiveAvgPool2d": "F.adaptive_avg_pool2d",
    "nn.LocalResponseNorm": "F.local_response_norm",
    "nn.Dropout": "F.dropout",
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
}
"""The function that a forward pass calls in the place of a module without weights, with arguments of the same names."""


@dataclass(frozen=True)
class Signature:
    """The arguments that are passed by position, and the defaults of those that are passed by name."""

    positional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def sort(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments in the order of the signature; those that it does not name come last."""
        order = [name for name in (*self.positional, *self.defaults) if name in arguments]
        return {name: arguments[name] for name in (*order, *arguments)}

    def drops(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether an argument need not be written, because it has the value of its default."""
        if name not in self.defaults:
            return False
        default = self.defaults[name]
        return bool(
            arguments[name] == (arguments.get("kernel_size") if (name, default) == ("stride", None) else default)
        )


def read_signature(arguments: ast.arguments) -> Signature:
    """Return the signature that a function's syntax tree has, without `self`."""
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    named = [name for name in names[len(arguments.posonlyargs) :] if name in defaults]
    keyword_only = zip((argument.arg for argument in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
    values = {name: defaults[name] for name in named} | {name: default for name, default in keyword_only if default}
    positional = tuple(name for name in names if name not in (*named, "self"))
    return Signature(positional, {name: ast.literal_eval(default) for name, default in values.items()})


@cache
def torch_signature(target: str) -> Signature:
    """Return the signature of torch's module or function; an empty one for a target that the table does not have."""
    tree = ast.parse(f"lambda {SIGNATURES.get(target, '')}: None", mode="eval").body
    assert isinstance(tree, ast.Lambda)
    return read_signature(tree.args)
