"""Group normalisation of channels-last maps that need no gradient, with torch's contiguous maps as the oracle."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from specnet.training.group_norms import copy_inputs_without_gradient


@pytest.mark.parametrize(("groups", "channels"), [(1, 6), (2, 6), (6, 6), (1, 1)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("needs_gradient", [False, True])
def test_the_gradients_are_those_of_contiguous_maps(
    groups: int, channels: int, layout: torch.memory_format, needs_gradient: bool
) -> None:
    module, images = nn.Sequential(nn.GroupNorm(groups, channels)), torch.randn(2, channels, 9, 5)
    module(images).square().sum().backward()
    wanted = {name: value.grad for name, value in module.named_parameters()}
    module.zero_grad()
    copy_inputs_without_gradient(module)
    module(images.to(memory_format=layout).requires_grad_(needs_gradient)).square().sum().backward()
    for name, value in module.named_parameters():
        torch.testing.assert_close(value.grad, wanted[name], rtol=1e-4, atol=1e-4)
