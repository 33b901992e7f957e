"""How near images are to their originals: PSNR and SSIM, of images B×C×H×W from 0 to 1."""

from __future__ import annotations

from math import log10

import torch
from torch import Tensor
from torch.nn.functional import conv2d

WINDOW, SIGMA = 11, 1.5
"""The side of SSIM's Gaussian window and its standard deviation, in pixels."""

C1, C2 = 0.01**2, 0.03**2
"""SSIM's constants for values from 0 to 1."""

AT_ONCE = 2**21
"""The values that are compared together, which bounds the memory that it takes."""


def compute_psnr(squared_error: float) -> float | None:
    """Return the peak signal-to-noise ratio in dB for the mean squared error; None without any error."""
    return -10 * log10(squared_error) if squared_error > 0 else None


def compute_ssim(images: Tensor, originals: Tensor) -> Tensor | None:
    """Return the structural similarity of each image, float64 B; None for images smaller than the window.

    Wang, Bovik, Sheikh, Simoncelli 2004: the mean over all windows that lie within the image, and over the channels.
    """
    if min(images.shape[2:]) < WINDOW:
        return None
    size = max(1, AT_ONCE // images[0].numel())
    pairs = zip(torch.split(images, size), torch.split(originals, size), strict=True)
    return torch.cat([_compare(one.double(), other.double()) for one, other in pairs])


def _compare(images: Tensor, originals: Tensor) -> Tensor:
    mean, mean_original = _blur(images), _blur(originals)
    variances = _blur(images.square()) - mean.square() + _blur(originals.square()) - mean_original.square()
    covariance = _blur(images * originals) - mean * mean_original
    luminance = (2 * mean * mean_original + C1) / (mean.square() + mean_original.square() + C1)
    return (luminance * (2 * covariance + C2) / (variances + C2)).mean((1, 2, 3))


def _blur(images: Tensor) -> Tensor:
    """Return the weighted mean of each window, B×C×(H − 10)×(W − 10)."""
    places = torch.arange(WINDOW, dtype=images.dtype, device=images.device) - WINDOW // 2
    weights = (-(places / SIGMA).square() / 2).exp()
    weights = weights / weights.sum()
    maps = images.flatten(0, 1)[:, None]
    blurred = conv2d(conv2d(maps, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    return blurred.view(*images.shape[:2], *blurred.shape[2:])
