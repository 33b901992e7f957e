"""Normalise pixels for the network by a shift and a scale, which are fitted on the training part alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, assert_never

import torch
from torch import Tensor

from specnet.settings.normalize import Caffe, ImageNet, MeanImage, MeanStd, Normalize, Symmetric, Unchanged, UnitScale
from specnet.training.data.images import Pixels

CHUNK = 2**24
"""Bytes of images that are summed at a time, which bounds the memory that fitting takes."""


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of the red, green and blue of ImageNet's training images from 0 to 1 (torchvision)."""

CAFFE_MEAN = (123.68, 116.779, 103.939)
"""The mean of ImageNet's red, green and blue from 0 to 255 (Simonyan and Zisserman's model files)."""


@dataclass(frozen=True)
class Normalizer:
    """(pixel − shift)·scale, with both as H×W×C, so that one rule serves channels and whole images.

    With `reverses`, the channels come out in the other order: blue, green, red.
    """

    shift: Tensor
    scale: Tensor
    reverses: bool = False

    def __call__(self, pixels: Tensor) -> Tensor:
        """Normalise pixels B×H×W×C to float B×C×H×W in the memory format channels-last.

        It works in place on rows of whole images, several times as fast as on four dimensions with three channels. A
        GPU, which is bound by its memory, does all in one kernel.
        """
        if pixels.is_cuda:
            return self.normalize_at_once(pixels).permute(0, 3, 1, 2)
        values = pixels.float().contiguous()
        if values is pixels:
            values = values.clone()
        shift, scale = self._rows
        done = values.view(len(values), -1).sub_(shift).mul_(scale).view(pixels.shape)
        return (done.flip(3) if self.reverses else done).permute(0, 3, 1, 2)

    def normalize_at_once(self, pixels: Tensor) -> Tensor:
        """Return pixel·scale − shift·scale as contiguous B×H×W×C by one kernel; it differs in rounding alone."""
        done = torch.addcmul(self._offset, pixels, self.scale)
        return (done.flip(3) if self.reverses else done).contiguous()

    @cached_property
    def _offset(self) -> Tensor:
        return -self.shift * self.scale

    @cached_property
    def _rows(self) -> tuple[Tensor, Tensor]:
        return self.shift.ravel(), self.scale.ravel()

    def to(self, device: torch.device) -> Normalizer:
        return Normalizer(self.shift.to(device), self.scale.to(device), self.reverses)

    def to_record(self) -> dict[str, Any]:
        """Return plain values for JSON: a number for each channel where all pixels have the same."""
        order = {"reverses": True} if self.reverses else {}
        return {"shift": _shortest_form(self.shift), "scale": _shortest_form(self.scale), **order}


def normalizer_from_record(record: Mapping[str, Any], shape: tuple[int, int, int]) -> Normalizer:
    """Restore a normalizer from its record, for images of `shape` (height, width, channels)."""
    shift, scale = (torch.tensor(record[name]).expand(shape).contiguous() for name in ("shift", "scale"))
    return Normalizer(shift, scale, bool(record.get("reverses")))


def _shortest_form(values: Tensor) -> Any:
    uniform = bool((values == values[0, 0]).all())
    return (values[0, 0] if uniform else values).tolist()


def fit_normalizer(setting: Normalize, pixels: Pixels) -> Normalizer:
    """Fit the normalizer to the training images, uint8 N×H×W×C, of which those of ImageNet must have three channels."""
    shape = pixels.shape[1:]
    match setting:
        case MeanStd():
            mean, std = _mean_and_std(pixels)
            return Normalizer(mean.expand(shape).contiguous(), (1 / std).expand(shape).contiguous())
        case MeanImage():
            total = sum((chunk.double().sum(0) for chunk in _chunks(pixels)), torch.zeros(shape).double())
            return Normalizer((total / len(pixels)).float(), torch.full(shape, 1 / 255))
        case UnitScale():
            return Normalizer(torch.zeros(shape), torch.full(shape, 1 / 255))
        case Unchanged():
            return Normalizer(torch.zeros(shape), torch.ones(shape))
        case ImageNet():
            mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
            return Normalizer((255 * mean).expand(shape).contiguous(), (1 / (255 * std)).expand(shape).contiguous())
        case Caffe():
            return Normalizer(torch.tensor(CAFFE_MEAN).expand(shape).contiguous(), torch.ones(shape), reverses=True)
        case Symmetric():
            return Normalizer(torch.full(shape, 127.5), torch.full(shape, 1 / 127.5))
        case _:
            assert_never(setting)


def _chunks(pixels: Pixels) -> Iterator[Tensor]:
    amount = max(1, CHUNK // prod(pixels.shape[1:]))
    return (pixels[start : start + amount] for start in range(0, len(pixels), amount))


def _mean_and_std(pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel, from a histogram; the deviation of a constant one is 1."""
    values, counts = torch.arange(256, dtype=torch.float64), torch.zeros(pixels.shape[3], 256, dtype=torch.int64)
    for chunk in _chunks(pixels):
        counts += torch.stack([torch.bincount(channel.ravel(), minlength=256) for channel in chunk.unbind(3)])
    shares = counts.double() / counts.sum(1, keepdim=True)
    mean = shares @ values
    std = (shares @ values.square() - mean.square()).clamp(min=0).sqrt()
    return mean.float(), torch.where(std > 0, std, 1).float()
