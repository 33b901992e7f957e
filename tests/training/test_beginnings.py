"""What training starts from: weights by the seed, optimizers as torch has them."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from small_jobs import network
from torch import nn

from specnet.settings.init import Gaussian, He, Init, Orthogonal, TorchDefault, Xavier
from specnet.settings.optimizer import Adam, Optimizer, Sgd
from specnet.training.init import start
from specnet.training.optim import optimizer


def test_the_seed_decides_whatever_the_module_was() -> None:
    one, two, three = network(), network(), network()
    for module, seed in ((one, 1), (two, 1), (three, 2)):
        start(module, TorchDefault(), seed)
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
    start(module, setting, 0)
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
    ],
)
def test_optimizers_are_torch_s(setting: Optimizer, reference: object) -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(7, 5)
    for module, descent in (
        (ours, optimizer(setting, ours, torch.device("cpu"))),
        (theirs, reference(theirs.parameters())),  # type: ignore[operator]
    ):
        for _ in range(5):
            module(images).square().mean().backward()
            descent.step()
            descent.zero_grad()
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-5, atol=1e-6)
