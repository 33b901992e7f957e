"""What networks write out in tensor operators is found as the layer that it is, with the same outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn

from specnet.backends.torch_module import build_module
from specnet.importers.imported import Imported
from specnet.importers.tensors.lowering import lower
from specnet.importers.torch_export.operators import make_program
from specnet.importers.torch_export.tracing import trace_module


class Case(NamedTuple):
    """A module, the shape of its input, and the kinds of layers that it is."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    kinds: list[str]


class Function(nn.Module):
    """Layers and parameters, and a function of the input and of these."""

    def __init__(self, function: Callable[..., Tensor], **parts: nn.Module | Tensor) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)
            else:
                self.register_parameter(name, nn.Parameter(part))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def normalise(x: Tensor, dim: int, eps: float = 1e-6) -> Tensor:
    centred = x - x.mean(dim, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(dim, keepdim=True) + eps)


def respond(m: Any, x: Tensor) -> Tensor:
    norms = x.norm(p=2, dim=(1, 2), keepdim=True)
    norms = norms / (norms.mean(-1, keepdim=True) + 1e-6)
    return x + torch.addcmul(m.bias.view(1, 1, 1, -1), m.weight.view(1, 1, 1, -1), x * norms)


def attend(m: Any, x: Tensor) -> Tensor:
    n, length, channels = x.shape
    q, k, v = m.qkv(x).reshape(n, length, 3, 4, channels // 4).permute(2, 0, 3, 1, 4).unbind(0)
    weights = ((q * (channels // 4) ** -0.5) @ k.transpose(-2, -1)).softmax(-1)
    return m.proj((weights @ v).transpose(1, 2).reshape(n, length, channels))


def attend_by_three(m: Any, x: Tensor) -> Tensor:
    q, k, v = (part(x).unflatten(2, (4, -1)).transpose(1, 2) for part in (m.q, m.k, m.v))
    return m.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def attend_to_itself(m: Any, x: Tensor) -> Tensor:
    return m.attention(x, x, x, need_weights=False)[0]


def attend_in_windows(m: Any, x: Tensor) -> Tensor:
    """Shifted windows of 4×4 with a bias by distance, as in Swin."""
    x = x.permute(0, 2, 3, 1)
    n, height, width, channels = x.shape
    x = x.roll((-2, -2), (1, 2))
    windows = x.view(n, height // 4, 4, width // 4, 4, channels).transpose(2, 3).reshape(-1, 16, channels)
    q, k, v = m.qkv(windows).reshape(-1, 16, 3, 2, channels // 2).permute(2, 0, 3, 1, 4)
    at = torch.arange(4)
    down, right = (each.reshape(-1) for each in torch.meshgrid(at, at, indexing="ij"))
    distances = (down[:, None] - down + 3) * 7 + right[:, None] - right + 3
    scores = q @ k.transpose(-2, -1) * (channels // 2) ** -0.5 + m.table[distances.view(-1)].view(16, 16, 2).permute(
        2, 0, 1
    )
    scores = scores.view(n, -1, 2, 16, 16) + hide_edges(height, width)[None, :, None]
    out = (scores.view(-1, 2, 16, 16).softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, channels)
    out = (
        m.proj(out).view(n, height // 4, width // 4, 4, 4, channels).transpose(2, 3).reshape(n, height, width, channels)
    )
    return out.roll((2, 2), (1, 2)).permute(0, 3, 1, 2)


def hide_edges(height: int, width: int) -> Tensor:
    places = torch.zeros(height, width)
    for row, rows in enumerate((slice(0, -4), slice(-4, -2), slice(-2, None))):
        for column, columns in enumerate((slice(0, -4), slice(-4, -2), slice(-2, None))):
            places[rows, columns] = 3 * row + column
    windows = places.view(height // 4, 4, width // 4, 4).transpose(1, 2).reshape(-1, 16)
    return torch.where(windows[:, None] == windows[:, :, None], 0.0, -100.0)


def attend_by_place(m: Any, x: Tensor) -> Tensor:
    """Those at the same place of each patch of 2×2, as in MobileViT."""
    n, channels, height, width = x.shape
    patches = x.reshape(n, channels, height // 2, 2, width // 2, 2).permute(0, 3, 5, 2, 4, 1)
    out = attend(m, patches.reshape(n * 4, -1, channels))
    return out.view(n, 2, 2, height // 2, width // 2, channels).permute(0, 5, 3, 1, 4, 2).reshape(x.shape)


def make_linear(**more: Any) -> dict[str, nn.Module | Tensor]:
    return {"qkv": nn.Linear(8, 24), "proj": nn.Linear(8, 8), **more}


def focus(m: Any, x: Tensor) -> Tensor:
    corners = (x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2])
    return torch.cat(corners, 1)


def grow(m: Any, x: Tensor) -> Tensor:
    one = m.one(x)
    two = m.two(torch.cat([x, one], 1))
    three = m.three(torch.cat([x, one, two], 1))
    return torch.cat([x, one, two, three], 1)


def select_branches(m: Any, x: Tensor) -> Tensor:
    both = torch.stack([m.one(x), m.two(x)], 1)
    weights = m.three(both.sum(1).mean((2, 3), keepdim=True)).view(-1, 2, 8, 1, 1).softmax(1)
    return (both * weights).sum(1)


MAP, TOKENS = (1, 8, 8, 12), (1, 10, 8)

CASES: dict[str, Case] = {
    "silu": Case(lambda: Function(lambda m, x: x * torch.sigmoid(x)), MAP, ["silu"]),
    "gelu": Case(lambda: Function(lambda m, x: 0.5 * x * (1 + torch.erf(x / 2**0.5))), MAP, ["gelu"]),
    "gelu by tanh": Case(
        lambda: Function(lambda m, x: x * 0.5 * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x**3)))), MAP, ["gelu"]
    ),
    "hard swish": Case(lambda: Function(lambda m, x: x * F.relu6(x + 3) / 6), MAP, ["hard_swish"]),
    "mish": Case(lambda: Function(lambda m, x: x * torch.tanh(F.softplus(x))), MAP, ["mish"]),
    "leaky relu": Case(lambda: Function(lambda m, x: torch.maximum(x, 0.1 * x)), MAP, ["leaky_relu"]),
    "a gate of another value": Case(
        lambda: Function(lambda m, x: x * torch.sigmoid(m.one(x)), one=nn.Conv2d(8, 8, 1)), MAP,
        ["conv", "sigmoid", "mul"],
    ),
    "layer norm": Case(
        lambda: Function(lambda m, x: normalise(x, -1) * m.weight + m.bias, weight=torch.rand(8), bias=torch.rand(8)),
        TOKENS, ["ln"],
    ),
    "layer norm of channels": Case(
        lambda: Function(
            lambda m, x: normalise(x, 1) * m.weight[:, None, None] + m.bias[:, None, None],
            weight=torch.rand(8), bias=torch.rand(8),
        ),
        MAP, ["ln"],
    ),
    "rms norm": Case(
        lambda: Function(lambda m, x: x * torch.rsqrt(x.pow(2).mean(-1, True) + 1e-6) * m.weight, weight=torch.rand(8)),
        TOKENS, ["rms_norm"],
    ),
    "a norm over neighbouring channels": Case(lambda: nn.LocalResponseNorm(5, 1e-2, 0.6, 2.0), MAP, ["lrn"]),
    "response norm": Case(
        lambda: Function(
            lambda m, x: respond(m, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), weight=torch.rand(8), bias=torch.rand(8)
        ),
        MAP, ["grn"],
    ),
    "attention": Case(lambda: Function(attend, **make_linear()), TOKENS, ["attention"]),
    "attention of three": Case(
        lambda: Function(attend_by_three, **{name: nn.Linear(8, 8) for name in ("q", "k", "v", "proj")}),
        TOKENS, ["attention"],
    ),
    "torch's attention": Case(
        lambda: Function(attend_to_itself, attention=nn.MultiheadAttention(8, 2, batch_first=True)), TOKENS,
        ["attention"],
    ),
    "windows": Case(
        lambda: Function(attend_in_windows, **make_linear(table=torch.rand(49, 2))), MAP, ["attention"]
    ),
    "patches": Case(lambda: Function(attend_by_place, **make_linear()), MAP, ["attention"]),
    "focus": Case(lambda: Function(focus), MAP, ["space_to_depth"]),
    "selected branches": Case(
        lambda: Function(
            select_branches, one=nn.Conv2d(8, 8, 1), two=nn.Conv2d(8, 8, 3, padding=1), three=nn.Conv2d(8, 16, 1)
        ),
        MAP,
        ["conv", "conv", "concat", "slice", "slice", "add", "pool", "conv", "softmax", "mul", "slice", "slice", "add"],
    ),
    "a class token and positions": Case(
        lambda: Function(
            lambda m, x: torch.cat([m.token.expand(x.shape[0], -1, -1), x.flatten(2).transpose(1, 2)], 1) + m.places,
            token=torch.rand(1, 1, 8), places=torch.rand(1, 97, 8),
        ),
        MAP, ["tokens", "class_token", "positions"],
    ),
    "two tokens": Case(
        lambda: Function(
            lambda m, x: torch.cat([m.one.expand(x.shape[0], -1, -1), m.two.expand(x.shape[0], -1, -1), x], 1),
            one=torch.rand(1, 1, 8), two=torch.rand(1, 1, 8),
        ),
        TOKENS, ["class_token", "class_token"],
    ),
    "a factor for each channel": Case(
        lambda: Function(
            lambda m, x: x + m.one(x) * m.gamma.view(1, -1, 1, 1), one=nn.Conv2d(8, 8, 1), gamma=torch.rand(8)
        ),
        MAP, ["conv", "scale", "add"],
    ),
    "a bias that is added": Case(
        lambda: Function(
            lambda m, x: m.one(x) + m.bias.view(-1, 1, 1), one=nn.Conv2d(8, 8, 1, bias=False), bias=torch.rand(8)
        ),
        MAP, ["conv"],
    ),
    "linear maps of channels last": Case(
        lambda: Function(lambda m, x: m.one(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), one=nn.Linear(8, 4)), MAP,
        ["conv"],
    ),
    "a flattened map of channels last": Case(
        lambda: Function(lambda m, x: m.one(x.permute(0, 2, 3, 1).flatten(1)), one=nn.Linear(768, 4)), MAP, ["fc"]
    ),
    "tokens of a map": Case(
        lambda: Function(lambda m, x: m.one(x.flatten(2).transpose(1, 2)).relu().mean(1), one=nn.Linear(8, 6)), MAP,
        ["tokens", "fc", "relu", "pool"],
    ),
    "a mixer": Case(
        lambda: Function(lambda m, x: x + m.one(x.transpose(1, 2)).transpose(1, 2), one=nn.Linear(10, 10)),
        TOKENS, ["permute", "fc", "permute", "add"],
    ),
    "uneven padding": Case(
        lambda: Function(lambda m, x: m.one(F.pad(x, (0, 1, 0, 1))), one=nn.Conv2d(8, 8, 3, 2)), MAP, ["conv"]
    ),
    "an outer product": Case(
        lambda: Function(lambda m, x: x.mean((2, 3), keepdim=True) * m.one(x), one=nn.Conv2d(8, 1, 1)), MAP,
        ["pool", "conv", "mul"],
    ),
    "every second pixel": Case(lambda: Function(lambda m, x: x[:, :, ::2, ::2]), MAP, ["pool"]),
    "dense connections": Case(
        lambda: Function(grow, one=nn.Conv2d(8, 4, 1), two=nn.Conv2d(12, 4, 1), three=nn.Conv2d(16, 4, 1)), MAP,
        ["conv", "concat"] * 3,
    ),
    "a pooled row": Case(lambda: Function(lambda m, x: x * x.mean(2, keepdim=True)), MAP, ["pool", "mul"]),
}  # fmt: skip


def import_module(module: nn.Module, shape: Sequence[int]) -> Imported:
    return lower(make_program(trace_module(module.eval(), tuple(shape)), "torch", "Case"))


def build(imported: Imported) -> nn.Module:
    """Return the network as a module with the tensors of its source."""
    module = build_module(imported.network).eval()
    tensors = {name: torch.from_numpy(array.read().copy()).float() for name, array in imported.arrays.items()}
    missing, unexpected = module.load_state_dict(tensors, strict=False)
    assert not (missing or unexpected)
    return module


@pytest.mark.parametrize("name", CASES)
def test_a_pattern_is_the_layers_that_it_is(name: str) -> None:
    torch.manual_seed(0)
    case = CASES[name]
    imported = import_module(module := case.make(), case.shape)
    assert not imported.lost
    assert [node.kind for node in imported.network.nodes] == case.kinds
    ours, x = build(imported), torch.randn(case.shape)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), module(x), rtol=1e-4, atol=1e-5)
    assert sum(map(torch.numel, ours.parameters())) == sum(map(torch.numel, module.parameters()))


REFUSED: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], str]] = {
    "a filter along a sequence": (lambda: nn.Conv1d(8, 8, 3), (1, 8, 10), "windows here slide over maps"),
    "a mean over channels": (
        lambda: Function(lambda m, x: m.one(x).mean(1, keepdim=True), one=nn.Conv2d(8, 8, 1)), MAP,
        "it is over the channels, over which no layer pools",
    ),
    "an unknown operator": (
        lambda: Function(lambda m, x: m.one(x).cumsum(1), one=nn.Conv2d(8, 8, 1)), MAP,
        "`cumsum` has no counterpart here"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_counterpart_is_left_out_with_the_reason(name: str) -> None:
    make, shape, reason = REFUSED[name]
    module = nn.Sequential(nn.Identity(), make())
    try:
        lost = import_module(module, shape).lost
    except ValueError as error:
        assert "no layer of the file has a counterpart here" in str(error)
        return
    assert any(reason in text for entry in lost for text in entry.reasons)


def test_an_unknown_operator_behind_another_one_is_named_too() -> None:
    module = Function(lambda m, x: m.one(x).cumsum(1).relu().cumprod(1), one=nn.Conv2d(8, 8, 1))
    assert [(entry.source.kind, entry.reasons[1:]) for entry in import_module(module, MAP).lost] == [
        ("cumsum", ()), ("relu", ()), ("cumprod", ("`cumprod` has no counterpart here",))
    ]  # fmt: skip


def test_a_concatenation_that_begins_like_an_earlier_one_reads_that_one() -> None:
    imported = import_module(CASES["dense connections"].make(), MAP)
    first, *others = [node for node in imported.network.nodes if node.kind == "concat"]
    assert [len(node.inputs) for node in (first, *others)] == [2, 2, 2]
    assert [node.inputs[0] for node in others] == [first.name, others[0].name]
    reasons = [reason for entry in imported.entries for reason in entry.reasons]
    assert [reason.split("`")[0] for reason in reasons] == ["it reads the output of "] * 2


def test_concatenations_along_another_axis_or_of_other_values_are_as_they_were() -> None:
    def join(m: Any, x: Tensor) -> Tensor:
        one, two = m.one(x), x.relu()
        flat, deep = torch.cat([x, one], 2), torch.cat([x, two, one], 1)
        return torch.cat([deep, torch.cat([x, one, two], 1)], 1) + flat.mean((2, 3), keepdim=True).repeat(1, 6, 1, 1)

    imported = import_module(Function(join, one=nn.Conv2d(8, 8, 1)), MAP)
    assert sorted(len(node.inputs) for node in imported.network.nodes if node.kind == "concat")[-2:] == [3, 3]


class Normalised(nn.Module):
    """(x - shift)/factor of buffers, which no training changes, and a parameter that is subtracted."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("shift", torch.rand(8, 1, 1).expand(shape).clone())
        self.register_buffer("factor", torch.rand(8, 1, 1).expand(shape) + 0.5)
        self.learned = nn.Parameter(torch.rand(8))

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.shift) / self.factor).relu() - self.learned.view(1, -1, 1, 1)


@pytest.mark.parametrize("shape", [(8, 1, 1), (8, 8, 12)])
def test_buffers_are_frozen_and_parameters_learned(shape: tuple[int, ...]) -> None:
    module = Normalised(shape)
    imported = import_module(module, MAP)
    layers = [node.layer for node in imported.network.nodes]
    assert [(layer.kind, getattr(layer, "freeze", None)) for layer in layers if layer] == [
        ("scale", "all"), ("relu", None), ("scale", None)
    ]  # fmt: skip
    ours, x = build(imported), torch.randn(MAP)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), module(x), rtol=1e-4, atol=1e-5)
