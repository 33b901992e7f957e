"""Normalise pixels for the network: by a shift and a scale fitted on the training part alone, or image by image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, assert_never

import torch
from torch import Tensor, nn

from specnet.settings.normalize import (
    Caffe,
    ImageNet,
    MeanImage,
    MeanStd,
    Normalize,
    PerImage,
    Symmetric,
    Unchanged,
    UnitScale,
)
from specnet.training.data.images import Pixels, StoredPixels

CHUNK = 2**24
"""Elements of images that are summed at a time, which bounds the memory that fitting takes."""


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of the red, green and blue of ImageNet's training images from 0 to 1 (torchvision)."""

CAFFE_MEAN = (123.68, 116.779, 103.939)
"""The mean of ImageNet's red, green and blue from 0 to 255 (Simonyan and Zisserman's model files)."""


class Normalizer(ABC):
    """Maps pixels, as a rule of 0 to 255, to what the network reads."""

    @abstractmethod
    def __call__(self, pixels: Tensor) -> Tensor:
        """Normalise pixels B×H×W×C to float B×C×H×W in the memory format channels-last."""

    @abstractmethod
    def to(self, device: torch.device) -> Normalizer:
        """Return the same on a device."""

    @abstractmethod
    def to_record(self) -> dict[str, Any]:
        """Return plain values for JSON."""

    @abstractmethod
    def to_module(self) -> nn.Module:
        """Return the same as a module from pixels B×C×H×W to B×C×H×W, to be exported before the network."""


@dataclass(frozen=True)
class ShiftAndScale(Normalizer):
    """(pixel − shift)·scale, with both as H×W×C, so that one rule serves channels and whole images.

    With `reverses`, the channels come out in the other order: blue, green, red.
    """

    shift: Tensor
    scale: Tensor
    reverses: bool = False

    def __call__(self, pixels: Tensor) -> Tensor:
        """Normalise pixels B×H×W×C to float B×C×H×W.

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

    def to(self, device: torch.device) -> ShiftAndScale:
        return ShiftAndScale(self.shift.to(device), self.scale.to(device), self.reverses)

    def to_record(self) -> dict[str, Any]:
        """Return plain values for JSON: a number for each channel where all pixels have the same."""
        order = {"reverses": True} if self.reverses else {}
        return {"shift": _shortest_form(self.shift), "scale": _shortest_form(self.scale), **order}

    def to_module(self) -> nn.Module:
        return _ShiftAndScaleModule(self)


class _ShiftAndScaleModule(nn.Module):
    shift: Tensor
    scale: Tensor

    def __init__(self, normalizer: ShiftAndScale) -> None:
        super().__init__()
        self.reverses = normalizer.reverses
        self.register_buffer("shift", _put_channels_first(normalizer.shift))
        self.register_buffer("scale", _put_channels_first(normalizer.scale))

    def forward(self, pixels: Tensor) -> Tensor:
        inputs = (pixels - self.shift) * self.scale
        return inputs.flip(1) if self.reverses else inputs


class Standardizer(Normalizer):
    """Each image to mean 0 and standard deviation 1, over all its pixels and channels.

    The deviation counts as 1/√(H·W·C) at least, so that an image of one colour becomes 0, as TensorFlow's
    tf.image.per_image_standardization has it.
    """

    def __call__(self, pixels: Tensor) -> Tensor:
        return standardize_images(pixels.float().contiguous()).permute(0, 3, 1, 2)

    def to(self, device: torch.device) -> Standardizer:
        return self

    def to_record(self) -> dict[str, Any]:
        return {"per_image": True}

    def to_module(self) -> nn.Module:
        return _StandardizerModule()


class _StandardizerModule(nn.Module):
    def forward(self, pixels: Tensor) -> Tensor:
        return standardize_images(pixels)


def standardize_images(images: Tensor) -> Tensor:
    """Return B×… with mean 0 and standard deviation 1 for each image."""
    std, mean = torch.std_mean(images, dim=(1, 2, 3), correction=0, keepdim=True)
    return (images - mean) / std.clamp(min=images[0].numel() ** -0.5)


def normalizer_from_record(record: Mapping[str, Any], shape: tuple[int, int, int]) -> Normalizer:
    """Restore a normalizer from its record, for images of `shape` (height, width, channels)."""
    if record.get("per_image"):
        return Standardizer()
    shift, scale = (torch.tensor(record[name]).expand(shape).contiguous() for name in ("shift", "scale"))
    return ShiftAndScale(shift, scale, bool(record.get("reverses")))


def _shortest_form(values: Tensor) -> Any:
    return (values[0, 0] if _is_same_everywhere(values) else values).tolist()


def _put_channels_first(values: Tensor) -> Tensor:
    """Return C×H×W, or C×1×1 where all pixels have the same, which other programs know as a rule for channels."""
    return (values[:1, :1] if _is_same_everywhere(values) else values).permute(2, 0, 1).contiguous()


def _is_same_everywhere(values: Tensor) -> bool:
    return bool((values == values[0, 0]).all())


def fit_normalizer(setting: Normalize, pixels: Pixels) -> Normalizer:
    """Fit the normalizer to the training images N×H×W×C, or to a sample of a stream."""
    shape = pixels.shape[1:]
    pixels = pixels.sample() if isinstance(pixels, StoredPixels) else pixels
    match setting:
        case MeanStd():
            mean, std = _mean_and_std(pixels)
            return ShiftAndScale(mean.expand(shape).contiguous(), (1 / std).expand(shape).contiguous())
        case MeanImage():
            total = sum((chunk.double().sum(0) for chunk in _chunks(pixels)), torch.zeros(shape).double())
            return ShiftAndScale((total / len(pixels)).float(), torch.full(shape, 1 / 255))
        case PerImage():
            return Standardizer()
        case UnitScale():
            return ShiftAndScale(torch.zeros(shape), torch.full(shape, 1 / 255))
        case Unchanged():
            return ShiftAndScale(torch.zeros(shape), torch.ones(shape))
        case ImageNet():
            mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
            return ShiftAndScale((255 * mean).expand(shape).contiguous(), (1 / (255 * std)).expand(shape).contiguous())
        case Caffe():
            return ShiftAndScale(torch.tensor(CAFFE_MEAN).expand(shape).contiguous(), torch.ones(shape), reverses=True)
        case Symmetric():
            return ShiftAndScale(torch.full(shape, 127.5), torch.full(shape, 1 / 127.5))
        case _:
            assert_never(setting)


def _chunks(pixels: Pixels) -> Iterator[Tensor]:
    amount = max(1, CHUNK // prod(pixels.shape[1:]))
    return (pixels[start : start + amount] for start in range(0, len(pixels), amount))


def _mean_and_std(pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel; the deviation of a constant one is 1."""
    mean, std = _measure_floats(pixels) if pixels.dtype.is_floating_point else _measure_bytes(pixels)
    return mean.float(), torch.where(std > 0, std, 1).float()


def _measure_bytes(pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel of bytes, from a histogram."""
    values, counts = torch.arange(256, dtype=torch.float64), torch.zeros(pixels.shape[3], 256, dtype=torch.int64)
    for chunk in _chunks(pixels):
        counts += torch.stack([torch.bincount(channel.ravel(), minlength=256) for channel in chunk.unbind(3)])
    shares = counts.double() / counts.sum(1, keepdim=True)
    mean = shares @ values
    return mean, (shares @ values.square() - mean.square()).clamp(min=0).sqrt()


def _measure_floats(pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel of floats, in two passes."""
    count = pixels.shape[:3].numel()
    total = sum((chunk.double().sum((0, 1, 2)) for chunk in _chunks(pixels)), torch.zeros(pixels.shape[3]).double())
    mean = total / count
    squares = ((chunk.double() - mean).square().sum((0, 1, 2)) for chunk in _chunks(pixels))
    return mean, (sum(squares, torch.zeros_like(mean)) / count).sqrt()
