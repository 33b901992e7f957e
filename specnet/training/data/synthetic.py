"""Made-up images that a network can learn: a coarse random pattern for each class, under noise."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from specnet.settings.data import Synthetic
from specnet.training.data.images import DataSet, Images
from specnet.training.randomness import generator


def make(setting: Synthetic, shape: tuple[int, int, int]) -> DataSet:
    """Images of `shape` (height, width, channels) with all classes alike; a fifth more for the test."""
    patterns = _patterns(setting, shape)
    train = _part(setting, "train", setting.images, patterns)
    test = _part(setting, "test", max(1, setting.images // 5), patterns)
    return DataSet(tuple(str(label) for label in range(setting.classes)), train, test=test)


def _patterns(setting: Synthetic, shape: tuple[int, int, int]) -> Tensor:
    """uint8 classes×H×W×C from 0 to 127: a grid of 4×4 random colours, enlarged."""
    height, width, channels = shape
    coarse = torch.rand(setting.classes, channels, 4, 4, generator=generator(setting.seed, "patterns"))
    return (interpolate(coarse, (height, width)) * 127).to(torch.uint8).permute(0, 2, 3, 1)


def _part(setting: Synthetic, name: str, amount: int, patterns: Tensor) -> Images:
    labels = torch.arange(amount) % setting.classes
    noise = torch.randint(
        0, 128, (amount, *patterns.shape[1:]), dtype=torch.uint8, generator=generator(setting.seed, name)
    )
    return Images(noise.add_(patterns[labels]), labels)
