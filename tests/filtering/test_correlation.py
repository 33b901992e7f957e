"""Filtered pixels are those of scipy and torch, in every size of kernel and for all edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage, signal

from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.filtering.choices import Edges
from specnet.filtering.correlation import DoesNotFit, correlate, filter_pixels
from specnet.filtering.kernels import Kernel, list_kernels, parse_kernel
from specnet.source import Source

KERNELS = [*list_kernels(), parse_kernel("[1, 2, -3]"), parse_kernel("[[1], [-2]]"), parse_kernel("box_blur:2")]

PIXELS = np.random.default_rng(0).integers(0, 256, (13, 17, 3)).astype(np.float32)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize(("edges", "mode"), [("zeros", "constant"), ("reflect", "mirror")])
def test_padding_keeps_the_size(kernel: Kernel, edges: Edges, mode: str) -> None:
    """An even kernel reads one pixel more at the end, where scipy reads it at the beginning."""
    origin = [-1 if size % 2 == 0 else 0 for size in kernel.weights.shape]
    for channel in range(3):
        wanted = ndimage.correlate(PIXELS[:, :, channel], kernel.weights, mode=mode, origin=origin)
        found = correlate(PIXELS, kernel.weights, edges)[:, :, channel]
        np.testing.assert_allclose(found, wanted, atol=1e-2, rtol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize(("edges", "mode"), [("none", "valid"), ("full", "full")])
def test_flipped_kernels_are_true_convolution(kernel: Kernel, edges: Edges, mode: str) -> None:
    wanted = signal.convolve2d(PIXELS[:, :, 1], kernel.weights, mode)
    found = filter_pixels(PIXELS, [kernel.flip()], edges)[:, :, 1]
    np.testing.assert_allclose(found, wanted, atol=1e-2, rtol=1e-5)


@pytest.mark.parametrize("name", ["box_blur", "gaussian_blur", "emboss", "sobel_x", "scharr_y"])
def test_the_layer_of_a_network_computes_the_same(name: str) -> None:
    """Two kernels in turn: neither clips what the other reads."""
    spec = f"input 13x17x3\nfilter {name} P=same -> filter sharpen P=same\n"
    network = check_source(Source("<spec>", spec)).network
    planes = torch.from_numpy(PIXELS).permute(2, 0, 1)[None]
    wanted = build_module(network)(planes)[0].permute(1, 2, 0).numpy()
    found = filter_pixels(PIXELS, [parse_kernel(name), parse_kernel("sharpen")], "zeros")
    np.testing.assert_allclose(found, wanted, atol=1e-2, rtol=1e-5)


@pytest.mark.parametrize(
    ("edges", "size", "message"),
    [
        ("none", (5, 9), "a kernel of 8 does not fit into 5"),
        ("reflect", (4, 9), "mirrors 4 pixels at the edge, and 3 can be"),
    ],
)
def test_an_image_that_is_too_small(edges: Edges, size: tuple[int, int], message: str) -> None:
    with pytest.raises(DoesNotFit, match=message):
        correlate(np.zeros((*size, 1), np.float32), parse_kernel("box_blur:8").weights, edges)
