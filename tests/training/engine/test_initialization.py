"""What training starts from: weights by the seed, optimizers as torch has them."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from small_jobs import network
from torch import nn

from specnet.attributes import Multiple
from specnet.settings.group import Group
from specnet.settings.init import Gaussian, He, Init, Orthogonal, TorchDefault, Xavier
from specnet.settings.optimizer import Adam, AdamW, Muon, Optimizer, RmsProp, Sgd
from specnet.training import LayerInfo, Unsuitable
from specnet.training.engine.initialization import initialize_weights, refuse_whitening
from specnet.training.optim.optimizers import build_optimizer, refuse_groups


def test_the_seed_decides_whatever_the_module_was() -> None:
    one, two, three = network(), network(), network()
    for module, seed in ((one, 1), (two, 1), (three, 2)):
        initialize_weights(module, TorchDefault(), {}, seed, None)
    assert all(a.equal(b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    assert not one[0].weight.equal(three[0].weight)


@pytest.mark.parametrize(
    ("setting", "deviation"),
    [
        (TorchDefault(), sqrt(1 / (3 * 800))),
        (He(), sqrt(2 / 800)),
        (Xavier(), sqrt(2 / (800 + 1600))),
        (Gaussian(std=0.02), 0.02),
        (Orthogonal(), sqrt(1 / 800)),
    ],
)
def test_schemes(setting: Init, deviation: float) -> None:
    module = nn.Sequential(nn.Conv2d(32, 64, 5), nn.BatchNorm2d(64))
    initialize_weights(module, setting, {}, 0, None)
    assert module[0].weight.std().item() == pytest.approx(deviation, rel=0.2)
    assert module[1].weight.equal(torch.ones(64))
    assert bool(module[0].bias.any()) == isinstance(setting, TorchDefault)


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


def parts(**inits: str) -> dict[str, LayerInfo]:
    """Layers that start in their own way, by their name."""
    return {name: LayerInfo((), init) for name, init in inits.items()}


def test_dirac_passes_the_first_channels_through_and_leaves_the_other_filters() -> None:
    plain, passing = (nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False)) for _ in range(2))
    initialize_weights(plain, TorchDefault(), {}, 1, None)
    initialize_weights(passing, TorchDefault(), parts(**{"0": "dirac"}), 1, None)
    images = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(passing(images)[:, :3], images)
    assert passing[0].weight[3:].equal(plain[0].weight[3:])


def test_a_layer_s_own_beginning_goes_before_the_train_section_s() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3))
    initialize_weights(module, He(), parts(**{"1": "zeros", "2": "default"}), 0, None)
    assert not module[1].weight.any()
    assert module[2].weight.std().item() == pytest.approx(sqrt(1 / (3 * 72)), rel=0.2)
    assert module[2].bias.any()


def test_whitened_channels_have_variance_one_and_no_correlation() -> None:
    """The first half of the filters; the second is the first with the sign turned."""
    torch.manual_seed(0)
    images = torch.randn(64, 3, 12, 12).cumsum(3).cumsum(2)
    images -= images.mean()
    module = nn.Sequential(nn.Conv2d(3, 24, 2, bias=False), nn.ReLU())
    initialize_weights(module, TorchDefault(), parts(**{"0": "whiten"}), 0, lambda amount: images[:amount])
    out = module[0](images).detach().double().transpose(0, 1).flatten(1)
    moments = out[:12] @ out[:12].T / out.shape[1]
    torch.testing.assert_close(moments, torch.eye(12, dtype=torch.float64), rtol=0, atol=0.02)
    assert out[12:].equal(-out[:12])


def test_whitening_computes_nothing_behind_its_layer() -> None:
    class Untouched(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise AssertionError("nothing needs this")

    module = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 24, 2), Untouched())
    initialize_weights(module, TorchDefault(), parts(**{"1": "whiten"}), 0, lambda amount: torch.randn(8, 3, 12, 12))
    assert not module[1]._forward_pre_hooks


def test_whitening_is_refused_where_there_are_not_as_many_directions() -> None:
    module = nn.Sequential(nn.Conv2d(1, 9, 2))
    with pytest.raises(Unsuitable, match="`0`: `init=whiten` gives 2·4 filters at most, and K is 9"):
        refuse_whitening(module, parts(**{"0": "whiten"}))


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
