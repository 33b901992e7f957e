"""Optimizers update as torch's own, and groups have rates of their own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from specnet.attributes import Multiple
from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.jobs import collect_layer_info
from specnet.settings.group import Group
from specnet.settings.optimizer import Adam, AdamW, Muon, Optimizer, RmsProp, Sgd
from specnet.source import Source
from specnet.training import LayerInfo, Unsuitable
from specnet.training.optim.optimizers import build_optimizer, refuse_groups


@pytest.mark.parametrize(
    ("setting", "reference"),
    [
        (Sgd(), lambda p: torch.optim.SGD(p, lr=0.01)),
        (
            Sgd(lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
        ),
        (Adam(), lambda p: torch.optim.Adam(p)),
        (
            Adam(lr=0.01, beta1=0.8, beta2=0.9, eps=1e-3, weight_decay=0.1),
            lambda p: torch.optim.Adam(p, 0.01, (0.8, 0.9), 1e-3, 0.1),
        ),
        (AdamW(lr=0.01), lambda p: torch.optim.AdamW(p, 0.01)),
        (RmsProp(momentum=0.5, weight_decay=0.1), lambda p: torch.optim.RMSprop(p, weight_decay=0.1, momentum=0.5)),
    ],
)
def test_optimizers_are_torch_s(setting: Optimizer, reference: object) -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(7, 5)
    for module, descent in (
        (ours, build_optimizer(setting, (), ours, {}, torch.device("cpu"))),
        (theirs, reference(theirs.parameters())),  # type: ignore[operator]
    ):
        for _ in range(5):
            module(images).square().mean().backward()
            descent.step()
            descent.zero_grad()
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-5, atol=1e-6)


CONV_BN = {"0": LayerInfo(("conv",)), "1": LayerInfo(("bn", "norm")), "2.1": LayerInfo(("fc",))}


def grouped(*groups: Group, weight_decay: float = 0.5) -> dict[str, tuple[float, float, float]]:
    """Learning rate, weight decay and end of each parameter, by its name."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.Flatten(), nn.Linear(2, 3)))
    found = build_optimizer(Sgd(lr=2.0, weight_decay=weight_decay), groups, module, CONV_BN, torch.device("cpu"))
    rates = {id(p): (g["peak"], g["weight_decay"], g["until"]) for g in found.param_groups for p in g["params"]}
    return {name: rates[id(parameter)] for name, parameter in module.named_parameters()}


ALL = ["0.weight", "0.bias", "1.weight", "1.bias", "2.1.weight", "2.1.bias"]


@pytest.mark.parametrize(
    ("pattern", "concerned"),
    [
        ("0", ALL[:2]),
        ("0.weight", ALL[:1]),
        ("bias", ALL[1::2]),
        ("norm", ALL[2:4]),
        ("bn.bias", ALL[3:4]),
        ("2", ALL[4:]),
        ("fc.weight", ALL[4:5]),
        ("2.*", ALL[4:]),
        ("*", ALL),
    ],
)
def test_a_group_concerns_what_its_pattern_names(pattern: str, concerned: list[str]) -> None:
    rates = grouped(Group(pattern=pattern, lr=Multiple(3)))
    assert [name for name, (lr, _, _) in rates.items() if lr == 6.0] == concerned


ENCODERS = """
input 16x16x3
conv K=8 F=4 S=4 -> ln
add { | ln -> attention heads=2 window=2 shift=1 bias=relative -> scale init=1e-5 | identity }
tokens -> class_token -> positions learned
add { | rms_norm -> attention heads=2 | identity }
ln -> token 0 -> fc 10
"""


def test_groups_spare_what_learns_places_from_weight_decay() -> None:
    """As timm does: all vectors, positions, class tokens, and the biases of distances."""
    network = check_source(Source("a.net", ENCODERS)).network
    patterns = ("norm", "bias", "positions", "class_token", "bias_table")
    groups = [Group(pattern=pattern, weight_decay=0.0) for pattern in patterns]
    module, parts = build_module(network), collect_layer_info(network)
    found = build_optimizer(AdamW(weight_decay=0.05), groups, module, parts, torch.device("cpu"))
    decays = {id(p): group["weight_decay"] for group in found.param_groups for p in group["params"]}
    decayed = {name for name, parameter in module.named_parameters() if decays[id(parameter)]}
    assert decayed == {
        "conv1.weight",
        *(f"attention{place}.{name}.weight" for place in (1, 2) for name in ("qkv", "proj")),
        "fc1.weight",
    }


def test_later_groups_count_over_earlier_ones() -> None:
    rates = grouped(Group(pattern="norm", weight_decay=0.0, until=2.0), Group(pattern="bias", lr=0.25))
    inf = float("inf")
    assert rates["1.weight"] == (2.0, 0.0, 2.0)
    assert rates["1.bias"] == (0.25, 0.0, 2.0)
    assert rates["0.bias"] == (0.25, 0.5, inf)
    assert rates["0.weight"] == (2.0, 0.5, inf)


def test_a_group_of_nothing_is_refused() -> None:
    with pytest.raises(Unsuitable, match="`group nrom`: no parameter that is learned is called so"):
        refuse_groups(
            [Group(pattern="norm"), Group(pattern="nrom")],
            nn.Sequential(nn.BatchNorm2d(2)),
            {"0": LayerInfo(("norm",))},
        )


@pytest.mark.parametrize("format", [torch.contiguous_format, torch.channels_last])
def test_muon_moves_filters_as_torch_s_muon_moves_matrices(format: torch.memory_format) -> None:
    ours = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 4)).to(memory_format=format)  # type: ignore[call-overload]
    theirs = [ours[0].weight.detach().flatten(1).clone(), ours[2].weight.detach().clone()]
    biases = [ours[0].bias.detach().clone(), ours[2].bias.detach().clone()]
    setting = Muon(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1, adamw_lr=0.02)
    descent = build_optimizer(setting, (), ours, {}, torch.device("cpu"))
    matrices = torch.optim.Muon(theirs, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)
    vectors = torch.optim.AdamW(biases, lr=0.02, weight_decay=0.1)
    for _ in range(3):
        ours(torch.randn(5, 3, 3, 3)).square().mean().backward()
        theirs[0].grad, theirs[1].grad = ours[0].weight.grad.flatten(1).clone(), ours[2].weight.grad.clone()
        biases[0].grad, biases[1].grad = ours[0].bias.grad.clone(), ours[2].bias.grad.clone()
        for one in (descent, matrices, vectors):
            one.step()
        descent.zero_grad()
    torch.testing.assert_close(ours[0].weight.flatten(1), theirs[0], rtol=0, atol=5e-3)
    torch.testing.assert_close(ours[2].weight, theirs[1], rtol=0, atol=5e-3)
    torch.testing.assert_close(ours[2].bias, biases[1])


def test_muon_leaves_embeddings_to_adamw() -> None:
    """A table of positions, 1×L×C, is no matrix that an input is multiplied by."""
    module = nn.Module()
    module.positions, module.weight = nn.Parameter(torch.randn(1, 5, 4)), nn.Parameter(torch.randn(3, 4))
    descent = build_optimizer(Muon(), (), module, {}, torch.device("cpu"))
    assert [[p.ndim for p in group["params"]] for group in descent.param_groups] == [[2], [3]]


def test_a_group_concerns_all_weights_of_attention() -> None:
    """Their names are longer than that of the layer by more than one part."""
    module = nn.ModuleDict({"attention1": nn.ModuleDict({"qkv": nn.Linear(4, 12), "proj": nn.Linear(4, 4)})})
    groups = [Group(pattern="attention", lr=Multiple(3))]
    found = build_optimizer(Sgd(lr=1.0), groups, module, {"attention1": LayerInfo(("attention",))}, torch.device("cpu"))
    assert [(len(group["params"]), group["peak"]) for group in found.param_groups] == [(4, 3.0)]
