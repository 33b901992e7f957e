"""Bringing images to the size that the network reads: the shorter side is resized, then the centre is cut out."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def resized(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 N×h×w×C → N×H×W×C whatever the proportions, bilinear and antialiased."""
    if pixels.shape[1:3] == torch.Size(size):
        return pixels
    channels_first = pixels.permute(0, 3, 1, 2)
    return interpolate(channels_first, size, mode="bilinear", antialias=True).permute(0, 2, 3, 1).contiguous()


def fitted(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 N×h×w×C → N×H×W×C with the proportions kept."""
    (h, w), (height, width) = pixels.shape[1:3], size
    scale = max(height / h, width / w)
    covering = resized(pixels, (max(height, round(h * scale)), max(width, round(w * scale))))
    top, left = (covering.shape[1] - height) // 2, (covering.shape[2] - width) // 2
    return covering[:, top : top + height, left : left + width].contiguous()
