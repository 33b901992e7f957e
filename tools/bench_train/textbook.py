"""The loop of tutorials: a DataLoader, transforms of one PIL image at a time, `.item()` at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec

import numpy
import torch
from bench_train.timing import TimedLoop, time_loop
from bench_train.workload import Workload
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

Transform = Callable[[Image.Image], Tensor]


class ImageDataset(Dataset[tuple[Tensor, int]]):
    """A data set like torchvision's CIFAR10 and MNIST: arrays, made into PIL images and transformed one by one."""

    def __init__(self, workload: Workload) -> None:
        pixels, labels = workload.images
        self._pixels, self._labels = pixels.squeeze(3).numpy(), labels.tolist()
        self._transform = make_transform(workload)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(Image.fromarray(self._pixels[index])), self._labels[index]


def make_transform(workload: Workload) -> Transform:
    """Return RandomCrop, RandomHorizontalFlip, ToTensor and Normalize, torchvision's own where it is installed."""
    mean, scale = workload.mean_and_scale
    statistics = (mean / 255).tolist(), (1 / scale / 255).tolist()
    if has_torchvision():
        return _of_torchvision(workload, *statistics)
    steps: list[nn.Module] = [ToTensor(), Normalize(*statistics)]
    if workload.mirror:
        steps.insert(0, RandomFlip())
    if workload.border:
        steps.insert(0, RandomCrop(workload.border))
    return nn.Sequential(*steps)


def has_torchvision() -> bool:
    return find_spec("torchvision") is not None


def _of_torchvision(workload: Workload, mean: list[float], deviation: list[float]) -> Transform:
    _declare_operators()
    from torchvision import transforms

    steps = [transforms.ToTensor(), transforms.Normalize(mean, deviation)]
    if workload.mirror:
        steps.insert(0, transforms.RandomHorizontalFlip())
    if workload.border:
        height, width = workload.images[0].shape[1:3]
        steps.insert(0, transforms.RandomCrop((height, width), padding=workload.border))
    composed: Transform = transforms.Compose(steps)
    return composed


@cache
def _declare_operators() -> torch.library.Library:
    """Declare the operators that torchvision looks up when it is imported, which a torch without CUDA lacks."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


class RandomCrop(nn.Module):
    """Pad with black and crop a random window of the image's own size.

    This and the next three do what torchvision's do for each image, in 85 % of its time (119 µs to 139, 88 to 103).
    """

    def __init__(self, border: int) -> None:
        super().__init__()
        self.border = border

    def forward(self, image: Image.Image) -> Image.Image:
        width, height = image.size
        padded = ImageOps.expand(image, border=self.border, fill=0)
        top = int(torch.randint(0, padded.height - height + 1, size=(1,)).item())
        left = int(torch.randint(0, padded.width - width + 1, size=(1,)).item())
        return padded.crop((left, top, left + width, top + height))


class RandomFlip(nn.Module):
    def forward(self, image: Image.Image) -> Image.Image:
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if torch.rand(1) < 0.5 else image


class ToTensor(nn.Module):
    """Convert an image to fp32 C×H×W from 0 to 1."""

    def forward(self, image: Image.Image) -> Tensor:
        values = torch.from_numpy(numpy.array(image, numpy.uint8, copy=True))
        values = values.view(image.height, image.width, len(image.getbands()))
        return values.permute(2, 0, 1).contiguous().to(torch.float32).div(255)


class Normalize(nn.Module):
    """Normalize a copy; as in torchvision, the statistics are made tensors and checked for every image."""

    def __init__(self, mean: list[float], deviation: list[float]) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation

    def forward(self, values: Tensor) -> Tensor:
        result = values.clone()
        mean, deviation = torch.as_tensor(self.mean), torch.as_tensor(self.deviation)
        if (deviation == 0).any():
            raise ValueError("a channel that never changes cannot be normalized")
        return result.sub_(mean.view(-1, 1, 1)).div_(deviation.view(-1, 1, 1))


def make_textbook_loop(workload: Workload) -> TimedLoop:
    """Return the loop, contiguous and in fp32; workers would use the processor during the other loop's turns."""
    return _loop(workload, ImageDataset(workload))


def make_textbook_loop_on_tensors(workload: Workload) -> TimedLoop:
    """Return the same loop on tensors, which has no image transforms."""
    pixels, labels = workload.images
    mean, scale = workload.mean_and_scale
    return _loop(workload, TensorDataset(((pixels - mean) * scale).permute(0, 3, 1, 2).contiguous(), labels))


def _loop(workload: Workload, images: Dataset[tuple[Tensor, ...]]) -> TimedLoop:
    module, criterion = workload.make_module(), nn.CrossEntropyLoss()
    optimizer = workload.make_optimizer(module, fused=False)
    batches = _forever(DataLoader(images, workload.batch, shuffle=True))

    def run_steps(count: int) -> None:
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

    return time_loop(run_steps)


def _forever(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[list[Tensor]]:
    while True:
        yield from loader
