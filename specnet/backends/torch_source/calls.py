"""Convert a node to the torch calls of the source: functions where possible, without default arguments.

The order and the defaults of torch's arguments stand in one table, as text: writing source needs no torch, and a test
compares the table with torch itself. Modules that torch lacks have the signatures of their source.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from typing import Any

from specnet.backends.source.calls import Signature, SourceCall, parse_signature, read_signature
from specnet.backends.source.embedding import EmbeddedModules
from specnet.backends.source.pretty_printer import Verbatim
from specnet.graph import Network, Node
from specnet.layers.base import TorchCall
from specnet.layers.base.families import is_frozen
from specnet.layers.base.layer import is_module_target

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

TORCH_MODULES = EmbeddedModules(MODULE_FILES)

MODE_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {"F.dropout": {"training": Verbatim("self.training")}}
"""The arguments of functions that behave differently in training."""


def convert_layer(node: Node, network: Network) -> tuple[SourceCall, ...]:
    """Return the calls of a node that was checked without errors, in order; none for an identity."""
    layer, inputs = node.layer, network.input_shapes(node)
    assert layer and inputs is not None
    frozen = tuple(name for name in layer.parameters(inputs) if is_frozen(layer, name))
    return tuple(_convert(call, frozen) for call in layer.torch(inputs) if call.target != "nn.Identity")


def _convert(call: TorchCall, frozen: tuple[str, ...]) -> SourceCall:
    target = FUNCTIONS.get(call.target, call.target)
    signature = find_signature(target)
    arguments = signature.sort({**call.arguments, **MODE_ARGUMENTS.get(target, {})})
    is_module = is_module_target(target)
    return SourceCall(
        target,
        arguments,
        signature,
        call.joins,
        frozen if call.is_module else (),
        is_module=is_module,
        is_method=target in METHODS,
    )


@cache
def find_signature(target: str) -> Signature:
    """Return the signature of a module or function; an empty one for a target that is not in the table."""
    if target.startswith("modules."):
        return _find_embedded_signature(target.removeprefix("modules."))
    return parse_signature(SIGNATURES.get(target, ""))


def _find_embedded_signature(name: str) -> Signature:
    """Return the constructor's signature of a class that torch lacks, or that of the torch class that it extends."""
    classes = [statement for statement in TORCH_MODULES.tree.body if isinstance(statement, ast.ClassDef)]
    definition = next(definition for definition in classes if definition.name == name)
    functions = (statement for statement in definition.body if isinstance(statement, ast.FunctionDef))
    init = next((function for function in functions if function.name == "__init__"), None)
    if init:
        return read_signature(init.args)
    base = ast.unparse(definition.bases[0])
    return find_signature(f"modules.{base}" if any(each.name == base for each in classes) else base)
