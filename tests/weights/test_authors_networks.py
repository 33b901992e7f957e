"""Networks that no library of the other tests has, against modules that are written as their authors define them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from close_outputs import assert_same
from reference_equality.implementations import list_outputs, randomize
from torch import Tensor, nn

import specnet

pytestmark = pytest.mark.slow


class Unit(nn.Sequential):
    """A convolution without a bias, its bn and an activation."""

    def __init__(self, channels: int, filters: int, size: int = 1, stride: int = 1, groups: int = 1) -> None:
        convolution = nn.Conv2d(channels, filters, size, stride, size // 2, groups=groups, bias=False)
        super().__init__(convolution, self.make_norm(filters), self.make_activation())

    def make_norm(self, channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels)

    def make_activation(self) -> nn.Module:
        return nn.ReLU6()


# MobileNetV2 with coordinate attention (Hou, Zhou, Feng 2021), as in mbv2_ca.py of houqb/CoordAttention


class CoordinateAttention(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = max(8, channels // 32)
        self.conv1, self.bn1 = nn.Conv2d(channels, middle, 1), nn.BatchNorm2d(middle)
        self.conv2, self.conv3 = nn.Conv2d(middle, channels, 1), nn.Conv2d(middle, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
        strips = F.hardswish(self.bn1(self.conv1(torch.cat([rows, columns], 2))))
        rows, columns = strips.split(x.shape[2:], 2)
        return x * self.conv2(rows).sigmoid() * self.conv3(columns.transpose(2, 3)).sigmoid()


class InvertedResidual(nn.Module):
    def __init__(self, channels: int, filters: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = channels * expansion
        parts = [Unit(channels, width)] if expansion > 1 else []
        attention = [CoordinateAttention(width)] if expansion > 1 else []
        last = nn.Conv2d(width, filters, 1, bias=False), nn.BatchNorm2d(filters)
        self.conv = nn.Sequential(*parts, Unit(width, width, 3, stride, width), *attention, *last)
        self.has_shortcut = stride == 1 and channels == filters

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.has_shortcut else y


STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of each stage of MobileNetV2."""


def make_mobilenet() -> nn.Module:
    layers, channels = list[nn.Module]([Unit(3, 32, 3, 2)]), 32
    for expansion, filters, blocks, stride in STAGES:
        for number in range(blocks):
            layers.append(InvertedResidual(channels, filters, 1 if number else stride, expansion))
            channels = filters
    head = Unit(channels, 1280), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(1280, 1000)
    return nn.Sequential(*layers, *head)


# YOLOv8n (Jocher, Chaurasia, Qiu 2023), as yolov8.yaml of ultralytics/ultralytics at scale n


class YoloUnit(Unit):
    """Ultralytics' `Conv`."""

    def make_norm(self, channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03)

    def make_activation(self) -> nn.Module:
        return nn.SiLU()


class Bottleneck(nn.Module):
    def __init__(self, channels: int, has_shortcut: bool) -> None:
        super().__init__()
        self.cv1, self.cv2 = YoloUnit(channels, channels, 3), YoloUnit(channels, channels, 3)
        self.has_shortcut = has_shortcut

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.cv2(self.cv1(x))
        return x + y if self.has_shortcut else y


class C2f(nn.Module):
    """Half of the channels through bottlenecks, each of whose results the last convolution reads."""

    def __init__(self, channels: int, filters: int, count: int = 1, has_shortcut: bool = False) -> None:
        super().__init__()
        half = filters // 2
        self.cv1, self.cv2 = YoloUnit(channels, filters), YoloUnit((2 + count) * half, filters)
        self.m = nn.ModuleList(Bottleneck(half, has_shortcut) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        values = [*self.cv1(x).chunk(2, 1)]
        for bottleneck in self.m:
            values.append(bottleneck(values[-1]))
        y: Tensor = self.cv2(torch.cat(values, 1))
        return y


class PyramidPooling(nn.Module):
    """Ultralytics' `SPPF`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cv1, self.cv2 = YoloUnit(channels, channels // 2), YoloUnit(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        values = [self.cv1(x)]
        for _ in range(3):
            values.append(F.max_pool2d(values[-1], 5, 1, 2))
        y: Tensor = self.cv2(torch.cat(values, 1))
        return y


def make_branch(channels: int, width: int, outputs: int) -> nn.Module:
    return nn.Sequential(YoloUnit(channels, width, 3), YoloUnit(width, width, 3), nn.Conv2d(width, outputs, 1))


class Detect(nn.Module):
    """The maps of each scale: 16 numbers for each side of a box, and a number for each class."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.box, self.classes = make_branch(channels, 64, 64), make_branch(channels, 80, 80)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.box(x), self.classes(x)], 1)


class Yolo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        stages = (3, 16, 0), (16, 32, 1), (32, 64, 2), (64, 128, 2), (128, 256, 1)
        self.stages = nn.ModuleList(make_stage(*each) for each in stages)
        self.pyramid = PyramidPooling(256)
        self.down = nn.ModuleList(YoloUnit(channels, channels, 3, 2) for channels in (64, 128))
        self.joined = nn.ModuleList(C2f(*each) for each in ((384, 128), (192, 64), (192, 128), (384, 256)))
        self.detect = nn.ModuleList(map(Detect, (64, 128, 256)))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        values = [x]
        for stage in self.stages:
            values.append(stage(values[-1]))
        p5 = self.pyramid(values[-1])
        middle = self.joined[0](torch.cat([F.interpolate(p5, scale_factor=2), values[4]], 1))
        x = self.joined[1](torch.cat([F.interpolate(middle, scale_factor=2), values[3]], 1))
        small = self.detect[0](x)
        x = self.joined[2](torch.cat([self.down[0](x), middle], 1))
        medium = self.detect[1](x)
        x = self.joined[3](torch.cat([self.down[1](x), p5], 1))
        return self.detect[2](x), small, medium


def make_stage(channels: int, filters: int, bottlenecks: int) -> nn.Module:
    units = [C2f(filters, filters, bottlenecks, True)] if bottlenecks else []
    return nn.Sequential(YoloUnit(channels, filters, 3, 2), *units)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "mobilenet-v2-coordinate": (make_mobilenet, 224),
    "yolov8n": (Yolo, 320),
}
"""The module and the height and width at which outputs are compared."""


@pytest.mark.parametrize("name", NETWORKS)
def test_a_spec_computes_what_the_authors_network_does(name: str) -> None:
    make, size = NETWORKS[name]
    theirs, ours = randomize(make()), specnet.compile(name).eval()
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(2))
    for our_layer, their_layer in zip(list_layers(ours, images), list_layers(theirs, images), strict=True):
        our_layer.load_state_dict(their_layer.state_dict())
    with torch.no_grad():
        for our, their in zip(list_outputs(ours(images)), list_outputs(theirs(images)), strict=True):
            assert_same(our, their)


def list_layers(module: nn.Module, images: Tensor) -> list[nn.Module]:
    """Return the layers with parameters in the order in which they compute, which is not always that of the names."""
    found = list[nn.Module]()
    layers = [part for part in module.modules() if [*part.parameters(recurse=False)]]
    hooks = [part.register_forward_hook(lambda part, *_: found.append(part)) for part in layers]
    with torch.no_grad():
        module(images)
    for hook in hooks:
        hook.remove()
    assert len(found) == len(layers)
    return found
