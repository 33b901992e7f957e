"""The table of PyTorch against PyTorch: the signatures of its calls, and what they compute."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import nn

from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.foreign.calls import translate_statement
from specnet.foreign.meaning import REQUIRED, Signature
from specnet.foreign.torch_layers import FUNCTIONS, MODULES
from specnet.layers.base import order_as_torch
from specnet.source import Source

NEW = {"bias"}
"""Keywords that the oldest supported version of torch does not have everywhere."""

INNER = {
    "max_pool2d": "max_pool2d_with_indices",
    "adaptive_max_pool2d": "adaptive_max_pool2d_with_indices",
    "max": "maximum",
}
"""Functions that choose one of two, and the one that has the signature."""

Parameters = dict[str, Any]
"""The defaults of parameters, by their names and in their order."""


def parameters_of(row: Signature) -> Parameters:
    return {name: parameter.default for name, parameter in row.by_name.items()}


def parameters_in_torch(call: Callable[..., Any]) -> Parameters:
    """Return the parameters of a function, from the first line of its documentation if it is compiled."""
    try:
        signature = inspect.signature(call)
    except ValueError:
        documented = re.match(r"\w+(\(.*?\))( -> |\n)", (call.__doc__ or "").strip(), re.DOTALL)
        assert documented
        names: dict[str, Callable[..., Any]] = {}
        exec(f"def call{documented[1]}: ...", {}, names)
        signature = inspect.signature(names["call"])
    found = signature.parameters.values()
    return {p.name: REQUIRED if p.default is p.empty else p.default for p in found if p.kind is not p.VAR_POSITIONAL}


def differences(row: Signature, actual: Parameters) -> list[str]:
    """Return what a row and the actual parameters do not have in common: names, their order, defaults."""
    mine = {name: default for name, default in parameters_of(row).items() if name in actual or name not in NEW}
    found = [f"{name}: {mine.get(name)} for {actual[name]}" for name in actual if mine.get(name) != actual[name]]
    return found if list(mine) == list(actual) else [*found, f"{list(mine)} for {list(actual)}"]


ROWS = [pytest.param(row, id=f"{name}-{i}") for name, rows in MODULES.items() for i, row in enumerate(rows)]


@pytest.mark.parametrize("row", ROWS)
def test_every_argument_of_a_module_is_accounted_for(row: Signature) -> None:
    actual = parameters_in_torch(getattr(nn, row.name))
    actual = {} if "args" in inspect.signature(getattr(nn, row.name)).parameters else actual
    assert not differences(row, actual) or (row.base == "unread" and not actual)


@pytest.mark.parametrize("row", [row for rows in FUNCTIONS.values() for row in rows], ids=lambda row: row.name)
def test_every_argument_of_a_function_is_accounted_for(row: Signature) -> None:
    name = INNER.get(row.name, row.name)
    function = getattr(F, name, None) or getattr(torch, name)
    assert not differences(row, parameters_in_torch(function))


def test_no_two_dimensional_module_is_forgotten() -> None:
    """A module of torch has a row, or belongs to those that no layer of a spec resembles."""
    modules = {name for name, cls in vars(nn).items() if inspect.isclass(cls) and issubclass(cls, nn.Module)}
    known = {name for name in modules if name.endswith(("2d", "LU", "Pad", "oid"))}
    unlike = {
        "CircularPad2d", "FeatureAlphaDropout", "Fold", "FractionalMaxPool2d", "GLU", "LPPool2d", "LogSigmoid",
        "MaxUnpool2d", "CrossMapLRN2d", "NLLLoss2d",
    }  # fmt: skip
    lazy = {name for name in modules if name.startswith("Lazy")}
    assert known - unlike - lazy <= MODULES.keys()


CALLS = [
    ("nn.Conv2d(3, 8, 3)", (9, 9, 3)),
    ("nn.Conv2d(3, 8, kernel_size=(3, 5), stride=(2, 1), padding=(1, 2), bias=False)", (9, 9, 3)),
    ("nn.Conv2d(4, 8, 3, 1, 'same', 2, 2)", (9, 9, 4)),
    ("nn.Conv2d(4, 8, 3, padding='valid')", (9, 9, 4)),
    ("nn.Conv2d(3, 8, 3, padding=1, padding_mode='reflect')", (9, 9, 3)),
    ("nn.Conv2d(3, 8, 3, padding=(1, 2), padding_mode='replicate')", (9, 9, 3)),
    ("nn.ConvTranspose2d(3, 8, 3, 2, 1, 1)", (5, 5, 3)),
    ("nn.ConvTranspose2d(4, 8, 3, stride=2, groups=2, bias=False, dilation=2)", (5, 5, 4)),
    ("nn.Linear(12, 5)", (12,)),
    ("nn.Linear(in_features=12, out_features=5, bias=False)", (12,)),
    ("nn.MaxPool2d(2)", (8, 8, 3)),
    ("nn.MaxPool2d(3, 2, 1)", (9, 9, 3)),
    ("nn.MaxPool2d(3, stride=2, ceil_mode=True)", (8, 8, 3)),
    ("nn.MaxPool2d(3, stride=1, dilation=2)", (9, 9, 3)),
    ("nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)", (8, 8, 3)),
    ("nn.AvgPool2d(3, 2, 1)", (9, 9, 3)),
    ("nn.AvgPool2d(2, ceil_mode=True)", (9, 9, 3)),
    ("nn.AdaptiveAvgPool2d(1)", (7, 7, 3)),
    ("nn.AdaptiveAvgPool2d((3, 2))", (7, 7, 3)),
    ("nn.AdaptiveMaxPool2d(3)", (7, 7, 3)),
    ("nn.BatchNorm2d(3)", (4, 4, 3)),
    ("nn.BatchNorm2d(3, eps=0.001, momentum=0.01, affine=False)", (4, 4, 3)),
    ("nn.BatchNorm1d(6)", (6,)),
    ("nn.GroupNorm(2, 4, 1e-3)", (4, 4, 4)),
    ("nn.InstanceNorm2d(4, affine=True)", (4, 4, 4)),
    ("nn.InstanceNorm2d(4)", (4, 4, 4)),
    ("nn.LayerNorm(6, eps=1e-6)", (6,)),
    ("nn.LayerNorm(6)", (5, 6)),
    ("nn.Linear(6, 4)", (5, 6)),
    ("nn.RMSNorm(6)", (5, 6)),
    ("nn.RMSNorm(6, eps=1e-3, elementwise_affine=False)", (5, 6)),
    ("nn.Unflatten(1, (3, 4))", (12,)),
    ("nn.LocalResponseNorm(3)", (4, 4, 8)),
    ("nn.LocalResponseNorm(5, alpha=0.01, k=2)", (4, 4, 8)),
    ("nn.Dropout(0.3)", (6,)),
    ("nn.ReLU(inplace=True)", (6,)),
    ("nn.ReLU6()", (6,)),
    ("nn.LeakyReLU()", (6,)),
    ("nn.LeakyReLU(0.2, True)", (6,)),
    ("nn.PReLU()", (4, 4, 3)),
    ("nn.PReLU(3, init=0.1)", (4, 4, 3)),
    ("nn.ELU(alpha=0.5)", (6,)),
    ("nn.CELU()", (6,)),
    ("nn.SELU()", (6,)),
    ("nn.GELU('tanh')", (6,)),
    ("nn.SiLU()", (6,)),
    ("nn.Mish()", (6,)),
    ("nn.Hardswish()", (6,)),
    ("nn.Hardsigmoid()", (6,)),
    ("nn.Hardtanh(0, 6)", (6,)),
    ("nn.Sigmoid()", (6,)),
    ("nn.Tanh()", (6,)),
    ("nn.Softmax(dim=1)", (4, 4, 3)),
    ("nn.Flatten()", (4, 4, 3)),
    ("nn.Unflatten(1, (3, 2, 4))", (24,)),
    ("nn.Identity(54, unused=0.1)", (4, 4, 3)),
    ("nn.ZeroPad2d((1, 0, 2, 3))", (4, 4, 3)),
    ("nn.ZeroPad2d(2)", (4, 4, 3)),
    ("nn.ConstantPad2d((1, 2, 0, 0), 0)", (4, 4, 3)),
    ("nn.ReflectionPad2d(1)", (4, 4, 3)),
    ("nn.ReplicationPad2d((1, 0, 0, 1))", (4, 4, 3)),
    ("nn.PixelShuffle(2)", (4, 4, 8)),
    ("nn.PixelUnshuffle(2)", (4, 4, 3)),
    ("nn.ChannelShuffle(2)", (4, 4, 6)),
    ("nn.Upsample(scale_factor=2)", (4, 4, 3)),
    ("nn.Upsample((7, 9), mode='bilinear', align_corners=True)", (4, 4, 3)),
    ("nn.Upsample(scale_factor=(2, 3), mode='bicubic')", (4, 4, 3)),
    ("nn.Upsample(size=9, mode='nearest-exact')", (4, 4, 3)),
    ("nn.UpsamplingBilinear2d(scale_factor=2)", (4, 4, 3)),
    ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()))", (9, 9, 3)),
]


@pytest.mark.parametrize(("call", "shape"), CALLS, ids=[call for call, _ in CALLS])
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_a_translated_module_computes_the_same(call: str, shape: tuple[int, ...], training: bool) -> None:
    torch.manual_seed(0)
    theirs: nn.Module = eval(call, {"nn": nn})
    translated = translate_statement(call)
    assert translated and translated.is_exact
    checked = check_source(Source("<spec>", f"input {'x'.join(map(str, shape))}\n" + " -> ".join(translated.layers)))
    assert checked.ok, [diagnostic.message for diagnostic in checked.errors]
    ours = build_module(checked.network)
    for mine, yours in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine.data.copy_(yours.data.uniform_(0.5, 1))
    x = torch.randn(4, *order_as_torch(shape))
    for module in (ours, theirs):
        module.train(training and not call.startswith("nn.Dropout"))
    torch.testing.assert_close(ours(x), theirs(x.clone()), rtol=1e-5, atol=1e-5)
    for mine, yours in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(mine, yours)


FUNCTION_CALLS = [
    ("F.max_pool2d(x, 3, 2, 1)", (9, 9, 3)),
    ("F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)", (9, 9, 3)),
    ("F.adaptive_avg_pool2d(x, (1, 1))", (9, 9, 3)),
    ("F.relu(F.max_pool2d(x, 2))", (8, 8, 3)),
    ("F.leaky_relu(x, 0.1)", (6,)),
    ("F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)", (4, 4, 3)),
    ("F.pad(x, (1, 2, 0, 3))", (4, 4, 3)),
    ("F.pad(x, [1, 1, 1, 1], mode='reflect')", (4, 4, 3)),
    ("F.pixel_shuffle(x, 2)", (4, 4, 8)),
    ("F.softmax(x, dim=1)", (6,)),
    ("torch.flatten(x, 1)", (4, 4, 3)),
    ("torch.relu(x)", (6,)),
    ("x.view(-1, 48)", (4, 4, 3)),
    ("x.view(x.size(0), -1)", (4, 4, 3)),
    ("x.flatten(1)", (4, 4, 3)),
    ("x.flatten(2).transpose(1, 2)", (4, 5, 3)),
    ("x.flatten(2)", (4, 5, 3)),
    ("x.transpose(1, 2)", (4, 3)),
]


@pytest.mark.parametrize(("call", "shape"), FUNCTION_CALLS, ids=[call for call, _ in FUNCTION_CALLS])
def test_a_translated_function_computes_the_same(call: str, shape: tuple[int, ...]) -> None:
    translated = translate_statement(f"x = {call}")
    assert translated and translated.is_exact, translated
    checked = check_source(Source("<spec>", f"input {'x'.join(map(str, shape))}\n" + " -> ".join(translated.layers)))
    x = torch.randn(4, *order_as_torch(shape))
    torch.testing.assert_close(build_module(checked.network)(x), eval(call, {"F": F, "torch": torch, "x": x}))


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("nn.Conv2d(3, 8, 3, padding=1, padding_mode='circular')", "padding_mode='circular'"),
        ("nn.MaxPool2d(2, return_indices=True)", "return_indices=True"),
        ("nn.AvgPool2d(2, divisor_override=3)", "divisor_override=3"),
        ("nn.BatchNorm2d(8, momentum=None)", "momentum=None"),
        ("nn.BatchNorm2d(8, track_running_stats=False)", "track_running_stats=False"),
        ("nn.LayerNorm(8, bias=False)", "bias=False"),
        ("nn.Dropout2d(0.5)", "whole channels"),
        ("nn.Softmax(dim=-1)", "dim=-1"),
        ("nn.Hardtanh()", "min_val=-1.0"),
        ("nn.CELU(0.5)", "alpha=0.5"),
        ("nn.ConstantPad2d(1, 0.5)", "value=0.5"),
        ("nn.Upsample(scale_factor=2, mode='area')", "mode='area'"),
        ("nn.Softplus()", "nn.Softplus"),
        ("F.interpolate(x, scale_factor=2, mode='bilinear', antialias=True)", "antialias=True"),
    ],
)
def test_what_a_layer_here_does_not_do_is_named(call: str, lost: str) -> None:
    translated = translate_statement(call)
    assert translated and not translated.is_exact
    assert lost in " ".join(translated.differences)
