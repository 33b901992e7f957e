"""Convolutions that are narrower than their stride in bf16 on a CPU, with torch's fp32 as the oracle."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import specnet
from specnet.training.narrow_convolutions import compute_narrow_in_fp32

NARROW: list[tuple[Callable[[], nn.Module], tuple[int, ...]]] = [
    (lambda: nn.Conv2d(48, 32, 3, 2, 1), (8, 48, 1, 1)),
    (lambda: nn.Conv2d(48, 32, 3, 2, 1), (8, 48, 8, 1)),
    (lambda: nn.Conv2d(48, 32, 3, 3, 1), (8, 48, 2, 2)),
    (lambda: nn.Conv2d(48, 32, 7, 4, 3), (8, 48, 3, 3)),
    (lambda: nn.Conv2d(48, 32, 1, 2), (8, 48, 1, 1)),
    (lambda: nn.Conv1d(48, 32, 5, 2, 2), (8, 48, 1)),
    (lambda: nn.ConvTranspose2d(48, 32, 3, 2, 1), (8, 48, 1, 1)),
]

WIDE: list[tuple[Callable[[], nn.Module], tuple[int, ...]]] = [
    (lambda: nn.Conv2d(48, 32, 3, 2, 1), (8, 48, 1, 2)),
    (lambda: nn.Conv2d(48, 32, 3, 1, 1), (8, 48, 1, 1)),
    (lambda: nn.ConvTranspose2d(48, 32, 2, 2), (8, 48, 1, 1)),
    (lambda: nn.ConvTranspose2d(48, 32, 3, 2, 1, 1), (8, 48, 1, 1)),
]


def run_in_bf16(module: nn.Module, shape: tuple[int, ...]) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        output: Tensor = module(torch.randn(shape))
    return output


@pytest.mark.parametrize(("make", "shape"), NARROW)
def test_the_gradient_of_a_narrow_convolution_is_that_of_fp32(
    make: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    layer = make()
    module, images = nn.Sequential(layer), torch.randn(shape)
    module(images).square().sum().backward()
    wanted = {name: value.grad for name, value in module.named_parameters()}
    module.zero_grad()
    compute_narrow_in_fp32(module)
    with torch.autocast("cpu", torch.bfloat16):
        output = module(images.bfloat16())
    assert output.dtype == torch.float32
    output.square().sum().backward()
    for name, value in module.named_parameters():
        torch.testing.assert_close(value.grad, wanted[name], rtol=0.02, atol=0.02 * float(wanted[name].abs().max()))


@pytest.mark.parametrize(("make", "shape"), WIDE)
def test_all_others_stay_in_bf16(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    module = nn.Sequential(make())
    compute_narrow_in_fp32(module)
    assert run_in_bf16(module, shape).dtype == torch.bfloat16


def test_the_names_of_the_weights_stay() -> None:
    module = specnet.compile("input 8x8x3\nconv K=4 F=3 P=1 S=2\nconv K=4 F=3 P=1 S=2\nfc 2\n")
    before = set(module.state_dict())
    compute_narrow_in_fp32(module)
    assert set(module.state_dict()) == before
