"""Convert a node to the torch calls of the source: functions where possible, without default arguments.

The order and the defaults of torch's arguments stand in one table, as text: writing source needs no torch, and a test
compares the table with torch itself. Modules that torch lacks have the signatures of their source.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from specnet.backends.torch_source.pretty_printer import Verbatim
from specnet.layers.base import Layer, Shapes, TorchCall
from specnet.layers.base.families import is_frozen
from specnet.layers.base.layer import is_module_target
from specnet.package import read_package_text

SIGNATURES: Mapping[str, str] = {
    "nn.Conv2d": "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True",
    "nn.ConvTranspose2d": "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
    "bias=True, dilation=1",
    "nn.Linear": "in_features, out_features, bias=True",
    "nn.BatchNorm1d": "num_features, eps=1e-5, momentum=0.1, affine=True",
    "nn.BatchNorm2d": "num_features, eps=1e-5, momentum=0.1, affine=True",
    "nn.InstanceNorm2d": "num_features, eps=1e-5, affine=False",
    "nn.GroupNorm": "num_groups, num_channels, eps=1e-5, affine=True",
    "nn.LayerNorm": "normalized_shape, eps=1e-5, elementwise_affine=True",
    "nn.RMSNorm": "normalized_shape, eps=None, elementwise_affine=True",
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
    "torch.unflatten": "dim, sizes",
    "torch.transpose": "dim0, dim1",
    "torch.select": "dim, index",
    "torch.mean": "dim",
    "torch.amax": "dim=[], /",
    "torch.unsqueeze": "dim",
    "torch.squeeze": "dim",
}
"""The arguments of a module's constructor, or those of a function that follow its input values.

Arguments without a default are passed by position, those with one by name and only where they differ from it;
arguments before a `/` are always passed, and by position. A `stride` of None is the kernel size, as in torch.
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
"""The function called in place of a module without weights; its arguments have the same names."""

METHODS = frozenset(
    {"torch.amax", "torch.flatten", "torch.mean", "torch.narrow", "torch.permute", "torch.reshape", "torch.select"}
    | {"torch.squeeze", "torch.transpose", "torch.unflatten", "torch.unsqueeze"}
)
"""The functions of torch that are written as methods of a tensor, all arguments by position: `x.flatten(1, 2)`."""

MODULE_FILES = ("backends/attention_modules.py", "backends/torch_modules.py")
"""The files of the modules that torch lacks, which the source embeds in this order."""

MODE_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {"F.dropout": {"training": Verbatim("self.training")}}
"""The arguments of functions that behave differently in training."""


@dataclass(frozen=True)
class Signature:
    """The names of arguments passed by position, and the defaults of arguments passed by name."""

    positional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def sort(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments in the order of the signature, followed by those that it does not name."""
        order = [name for name in (*self.positional, *self.defaults) if name in arguments]
        return {name: arguments[name] for name in (*order, *arguments)}

    def is_default(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether an argument has the value of its default."""
        if name not in self.defaults:
            return False
        is_kernel_size = name == "stride" and self.defaults[name] is None
        return bool(arguments[name] == (arguments.get("kernel_size") if is_kernel_size else self.defaults[name]))


@dataclass(frozen=True)
class SourceCall:
    """A call of a torch module or function, its arguments in the order of its signature.

    `frozen` are the parameters of a module that are not learned.
    """

    target: str
    arguments: Mapping[str, Any]
    signature: Signature
    joins: str | None = None
    frozen: tuple[str, ...] = ()

    @property
    def is_module(self) -> bool:
        return is_module_target(self.target)

    @property
    def is_method(self) -> bool:
        """Whether it is written as a method of a tensor."""
        return self.target in METHODS

    @property
    def is_activation(self) -> bool:
        """Whether it is a function of one value without arguments, which any other such function can replace."""
        return not (self.is_module or self.arguments or self.joins)

    @property
    def name(self) -> str:
        """The class or function as it is written: classes that torch lacks are embedded in the source."""
        return self.target.removeprefix("modules.").removesuffix("()").replace(":", ".")

    @property
    def structure(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The call without the values of its arguments."""
        return "" if self.is_activation else self.target, tuple(self.arguments), self.frozen


def convert_layer(layer: Layer, inputs: Shapes) -> tuple[SourceCall, ...]:
    """Return the calls of a layer for inputs of these shapes, in order; none for an identity."""
    frozen = tuple(name for name in layer.parameters(inputs) if is_frozen(layer, name))
    return tuple(_convert(call, frozen) for call in layer.torch(inputs) if call.target != "nn.Identity")


def _convert(call: TorchCall, frozen: tuple[str, ...]) -> SourceCall:
    target = FUNCTIONS.get(call.target, call.target)
    signature = find_signature(target)
    arguments = signature.sort({**call.arguments, **MODE_ARGUMENTS.get(target, {})})
    return SourceCall(target, arguments, signature, call.joins, frozen if call.is_module else ())


@cache
def find_signature(target: str) -> Signature:
    """Return the signature of a module or function; an empty one for a target that is not in the table."""
    if target.startswith("modules."):
        return _find_embedded_signature(target.removeprefix("modules."))
    tree = ast.parse(f"lambda {SIGNATURES.get(target, '')}: None", mode="eval").body
    assert isinstance(tree, ast.Lambda)
    return _read_signature(tree.args)


def _find_embedded_signature(name: str) -> Signature:
    """Return the constructor's signature of a class that torch lacks, or that of the torch class that it extends."""
    classes = [statement for statement in read_torch_modules()[1].body if isinstance(statement, ast.ClassDef)]
    definition = next(definition for definition in classes if definition.name == name)
    functions = (statement for statement in definition.body if isinstance(statement, ast.FunctionDef))
    init = next((function for function in functions if function.name == "__init__"), None)
    if init:
        return _read_signature(init.args)
    base = ast.unparse(definition.bases[0])
    return find_signature(f"modules.{base}" if any(each.name == base for each in classes) else base)


@cache
def read_torch_modules() -> tuple[str, ast.Module]:
    """Return the text of the modules that torch lacks and its syntax tree."""
    text = "\n".join(map(read_package_text, MODULE_FILES))
    return text, ast.parse(text)


def _read_signature(arguments: ast.arguments) -> Signature:
    """Return the signature of a function's syntax tree, without `self`."""
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    named = [name for name in names[len(arguments.posonlyargs) :] if name in defaults]
    keyword_only = zip((argument.arg for argument in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
    values = {name: defaults[name] for name in named} | {name: default for name, default in keyword_only if default}
    positional = tuple(name for name in names if name not in (*named, "self"))
    return Signature(positional, {name: ast.literal_eval(default) for name, default in values.items()})
