"""The loop of tutorials: a DataLoader, transforms of one PIL image after the other, `.item()` at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
    """RandomCrop, RandomHorizontalFlip, ToTensor, Normalize, as torchvision does them."""
    mean, scale = (values.view(-1, 1, 1) for values in setting.mean_and_scale)
    shift, factor = mean / 255, scale * 255

    def applied(picture: Image.Image) -> Tensor:
        if setting.border:
            picture = _random_crop(picture, setting.border)
        if setting.mirror and torch.rand(1) < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        values = torch.from_numpy(numpy.array(picture, copy=True))
        values = values.view(picture.height, picture.width, -1).permute(2, 0, 1).contiguous()
        return values.to(torch.float32).div(255).sub_(shift).mul_(factor)

    return applied


def _random_crop(picture: Image.Image, border: int) -> Image.Image:
    width, height = picture.size
    padded = ImageOps.expand(picture, border=border, fill=0)
    top = int(torch.randint(0, 2 * border + 1, (1,)).item())
    left = int(torch.randint(0, 2 * border + 1, (1,)).item())
    return padded.crop((left, top, left + width, top + height))


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
