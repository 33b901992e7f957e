"""Starting weights depend on the seed alone."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from small_jobs import network
from torch import nn

import specnet
from specnet.settings.init import Gaussian, He, Init, Orthogonal, TorchDefault, Xavier
from specnet.training import LayerInfo, Unsuitable
from specnet.training.engine.initialization import initialize_weights, refuse_whitening


def test_the_seed_decides_whatever_the_module_was() -> None:
    one, two, three = network(), network(), network()
    for module, seed in ((one, 1), (two, 1), (three, 2)):
        initialize_weights(module, TorchDefault(), {}, seed, None)
    assert all(a.equal(b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    assert not one[0].weight.equal(three[0].weight)


@pytest.mark.parametrize(
    "layers", ["tokens -> class_token -> positions learned", "attention heads=2 window=4 bias=relative"]
)
def test_the_seed_decides_embeddings(layers: str) -> None:
    spec = f"input 8x8x4\n{layers}\n"
    one, two = specnet.compile(spec), specnet.compile(spec)
    for module in (one, two):
        initialize_weights(module, TorchDefault(), {}, 1, None)
    assert all(a.equal(b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


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
