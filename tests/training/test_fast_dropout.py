"""The quick dropout: it does what torch's does."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from torch import Tensor, nn

import specnet
from specnet.training.device import FastDropout, use_fast_dropout


@pytest.mark.parametrize("p", [0.05, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_drops_its_share_and_keeps_the_mean(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    ones = torch.ones(100_003, dtype=dtype)
    dropped = FastDropout(p)(ones)
    share = (dropped == 0).double().mean().item()
    assert abs(share - p) < 5 * sqrt(p * (1 - p) / ones.numel())
    kept = dropped[dropped != 0]
    assert kept.unique().numel() == 1
    torch.testing.assert_close(kept[0].double().item(), 1 / (1 - p), rtol=max(torch.finfo(dtype).eps, 1e-4), atol=0)


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    dropped = (FastDropout(0.5)(torch.ones(400_000)) == 0).view(-1, 4)
    patterns = (dropped * torch.tensor([1, 2, 4, 8])).sum(1).bincount(minlength=16)
    assert (patterns - 6250).abs().max() < 5 * sqrt(6250)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_in_evaluation_nothing_changes(p: float) -> None:
    values = torch.randn(3, 5)
    assert torch.equal(FastDropout(p).eval()(values), values)


@pytest.mark.parametrize(("p", "factor"), [(0.0, 1), (1e-6, 1), (1.0, 0)])
def test_all_or_nothing(p: float, factor: int) -> None:
    values = torch.randn(3, 5)
    torch.testing.assert_close(FastDropout(p)(values), values * factor)


@pytest.mark.parametrize(
    "values",
    [
        torch.randn(2, 3, 5, 7),
        torch.randn(2, 3, 5, 7).to(memory_format=torch.channels_last),
        torch.randn(4, 9)[:, ::2],
        torch.randn(1, 4).expand(3, 4),
        torch.randn(()),
        torch.randn(0, 3),
    ],
    ids=["contiguous", "channels-last", "every other", "expanded", "scalar", "empty"],
)
def test_any_layout(values: Tensor) -> None:
    torch.manual_seed(0)
    values = values.detach().requires_grad_()
    dropped = FastDropout(0.5)(values)
    assert dropped.shape == values.shape
    assert dropped.stride() == torch.empty_like(values).stride()
    assert ((dropped == 0) | (dropped == 2 * values)).all()
    dropped.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad * values, dropped)


def test_the_seed_decides() -> None:
    def drawn(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return FastDropout(0.5)(torch.ones(1000))

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


def test_it_takes_the_place_of_torchs_in_a_network() -> None:
    module = specnet.compile("net n\ninput 8x8x3\nconv K=4 F=3 P=1 -> dropout 0.3\nfc 5 -> dropout 0.6\nfc 2\n")
    before = set(module.state_dict())
    module.eval()
    use_fast_dropout(module)
    parts = [part for part in module.modules() if isinstance(part, nn.Dropout)]
    assert [(type(part), part.p, part.training) for part in parts] == [
        (FastDropout, 0.3, False),
        (FastDropout, 0.6, False),
    ]
    assert set(module.state_dict()) == before
    module.train()(torch.randn(2, 3, 8, 8)).sum().backward()
