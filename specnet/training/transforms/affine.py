"""Changes of place that are affine maps: rotations, zooms and windows, with the pixels between the old ones."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from specnet.settings.augment import Augment, ResizedCrop, Rotate, Zoom
from specnet.training.randomness import draw_fractions


def draw_uniform(pixels: Tensor, low: float, high: float) -> Tensor:
    """Return B numbers, drawn uniformly."""
    return low + (high - low) * draw_fractions(len(pixels), pixels.device)


def _draw_rotations(step: Rotate, pixels: Tensor) -> Tensor:
    angles = draw_uniform(pixels, -step.degrees, step.degrees) * pi / 180
    height, width = pixels.shape[1:3]
    cosines, sines, zeros = angles.cos(), angles.sin(), torch.zeros_like(angles)
    rows = [cosines, -sines * (height / width), zeros], [sines * (width / height), cosines, zeros]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def _draw_zooms(step: Zoom, pixels: Tensor) -> Tensor:
    shares = 1 / draw_uniform(pixels, step.factor.low, step.factor.high)
    zeros = torch.zeros_like(shares)
    rows = [shares, zeros, zeros], [zeros, shares, zeros]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def _draw_crops(step: ResizedCrop, pixels: Tensor) -> Tensor:
    """Draw windows of random areas and proportions (log-uniform), clipped at the image's size."""
    height, width = pixels.shape[1:3]
    area = draw_uniform(pixels, step.area.low, step.area.high) * height * width
    ratio = draw_uniform(pixels, log(step.ratio.low), log(step.ratio.high)).exp()
    wide, high = (area * ratio).sqrt().clamp(max=width) / width, (area / ratio).sqrt().clamp(max=height) / height
    right, down = ((1 - share) * draw_uniform(pixels, -1, 1) for share in (wide, high))
    zeros = torch.zeros_like(area)
    rows = [wide, zeros, right], [zeros, high, down]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


AFFINE_MAPS: dict[type[Augment], Callable[[Any, Tensor], Tensor]] = {
    Rotate: _draw_rotations,
    Zoom: _draw_zooms,
    ResizedCrop: _draw_crops,
}
"""The function of each step that moves pixels between places, from pixels B×H×W×C to affine maps B×2×3 of −1..1."""


def sample_affine(pixels: Tensor, maps: Tensor, mode: str = "bilinear") -> Tensor:
    """Sample B×H×W×C at the places of affine maps B×2×3 of −1..1, black outside."""
    images = pixels.permute(0, 3, 1, 2).float()
    grid = affine_grid(maps, list(images.shape), align_corners=False)
    return grid_sample(images, grid, mode, align_corners=False).permute(0, 2, 3, 1)
