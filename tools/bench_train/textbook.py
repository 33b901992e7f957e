"""The loop of tutorials: a DataLoader, transforms of one PIL image after the other, `.item()` at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec

import numpy
import torch
from PIL import Image, ImageOps
from setting import Setting
from timing import Stretch, stopwatch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

Transform = Callable[[Image.Image], Tensor]


class Pictures(Dataset[tuple[Tensor, int]]):
    """What torchvision's CIFAR10 and MNIST are: arrays, made a picture and transformed one by one."""

    def __init__(self, setting: Setting) -> None:
        pixels, labels = setting.images
        self._pixels, self._labels = pixels.squeeze(3).numpy(), labels.tolist()
        self._transform = transform(setting)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(Image.fromarray(self._pixels[index])), self._labels[index]


def transform(setting: Setting) -> Transform:
    """RandomCrop, RandomHorizontalFlip, ToTensor, Normalize of a picture: torchvision's own where that is installed."""
    mean, scale = setting.mean_and_scale
    statistics = (mean / 255).tolist(), (1 / scale / 255).tolist()
    if has_torchvision():
        return _of_torchvision(setting, *statistics)
    steps: list[nn.Module] = [ToTensor(), Normalize(*statistics)]
    if setting.mirror:
        steps.insert(0, RandomFlip())
    if setting.border:
        steps.insert(0, RandomCrop(setting.border))
    return nn.Sequential(*steps)


def has_torchvision() -> bool:
    return find_spec("torchvision") is not None


def _of_torchvision(setting: Setting, mean: list[float], deviation: list[float]) -> Transform:
    _declare_operators()
    from torchvision import transforms

    steps = [transforms.ToTensor(), transforms.Normalize(mean, deviation)]
    if setting.mirror:
        steps.insert(0, transforms.RandomHorizontalFlip())
    if setting.border:
        height, width = setting.images[0].shape[1:3]
        steps.insert(0, transforms.RandomCrop((height, width), padding=setting.border))
    composed: Transform = transforms.Compose(steps)
    return composed


@cache
def _declare_operators() -> torch.library.Library:
    """The names that torchvision looks for when it is imported, and does not find beside a torch without CUDA."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


class RandomCrop(nn.Module):
    """A black border, and of what is then there a place of the picture's own size.

    This and the next three do what torchvision's do for each picture, in 85 % of its time (119 µs to 139, 88 to 103).
    """

    def __init__(self, border: int) -> None:
        super().__init__()
        self.border = border

    def forward(self, picture: Image.Image) -> Image.Image:
        width, height = picture.size
        padded = ImageOps.expand(picture, border=self.border, fill=0)
        top = int(torch.randint(0, padded.height - height + 1, size=(1,)).item())
        left = int(torch.randint(0, padded.width - width + 1, size=(1,)).item())
        return padded.crop((left, top, left + width, top + height))


class RandomFlip(nn.Module):
    def forward(self, picture: Image.Image) -> Image.Image:
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if torch.rand(1) < 0.5 else picture


class ToTensor(nn.Module):
    """C×H×W, fp32 from 0 to 1."""

    def forward(self, picture: Image.Image) -> Tensor:
        values = torch.from_numpy(numpy.array(picture, numpy.uint8, copy=True))
        values = values.view(picture.height, picture.width, len(picture.getbands()))
        return values.permute(2, 0, 1).contiguous().to(torch.float32).div(255)


class Normalize(nn.Module):
    """Not in place; the statistics become tensors, and are looked at, for each picture."""

    def __init__(self, mean: list[float], deviation: list[float]) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation

    def forward(self, values: Tensor) -> Tensor:
        result = values.clone()
        mean, deviation = torch.as_tensor(self.mean), torch.as_tensor(self.deviation)
        if (deviation == 0).any():
            raise ValueError("a channel that never changes cannot be normalized")
        return result.sub_(mean.view(-1, 1, 1)).div_(deviation.view(-1, 1, 1))


def textbook(setting: Setting) -> Stretch:
    """Contiguous, fp32, without workers, which would take the processor from the other way between its turns."""
    return _loop(setting, Pictures(setting))


def textbook_without_pictures(setting: Setting) -> Stretch:
    """The same loop on tensors: what it costs beside the images."""
    pixels, labels = setting.images
    mean, scale = setting.mean_and_scale
    return _loop(setting, TensorDataset(((pixels - mean) * scale).permute(0, 3, 1, 2).contiguous(), labels))


def _loop(setting: Setting, images: Dataset[tuple[Tensor, ...]]) -> Stretch:
    module, criterion = setting.module(), nn.CrossEntropyLoss()
    optimizer = setting.optimizer(module, fused=False)
    batches = _forever(DataLoader(images, setting.batch, shuffle=True))

    def steps(count: int) -> None:
        running_loss, correct = 0.0, 0
        for _ in range(count):
            inputs, labels = next(batches)
            optimizer.zero_grad()
            outputs = module(inputs)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
            correct += (outputs.argmax(1) == labels).sum().item()

    return stopwatch(steps)


def _forever(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[list[Tensor]]:
    while True:
        yield from loader
