"""What the layers say of themselves is what torch computes."""

import mypkg.layers  # noqa: F401, which registers the layers
import pytest
import torch

import specnet


@pytest.mark.parametrize("layer", ["softshrink", "softshrink lambd=0.1", "se", "se 8"])
def test_a_layer_is_as_it_says(layer: str) -> None:
    checked = specnet.check(f"input 8x6x16\n{layer}\n")
    assert checked.ok, checked.diagnostics
    module = specnet.compile(f"input 8x6x16\n{layer}\n")
    images = torch.randn(2, 16, 8, 6)
    assert module(images).shape == (2, 16, 8, 6)
    assert sum(parameter.numel() for parameter in module.parameters()) == checked.totals.parameters


def test_softshrink_is_zero_around_zero() -> None:
    module = specnet.compile("input 3\nsoftshrink lambd=0.5\n")
    assert module(torch.tensor([[-0.4, 0.5, 2.0]])).tolist() == [[0.0, 0.0, 1.5]]


def test_channels_that_cannot_be_split_are_an_error() -> None:
    (error,) = specnet.check("input 8x8x6\nse 4\n").diagnostics
    assert error.message == "`se1` cannot split 6 channels into 4 equal groups"
