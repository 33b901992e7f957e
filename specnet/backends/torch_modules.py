"""Modules that torch lacks. Each needs only torch, nn and F, as its text is embedded in generated source."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn


class CenterCrop(nn.Module):
    """Cuts a map to its centre of a height and width; an odd pixel is cut off at the end."""

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        top, left = (x.shape[2] - size[0]) // 2, (x.shape[3] - size[1]) // 2
        return x[:, :, top : top + size[0], left : left + size[1]]


class CenterCropConcat(nn.Module):
    """Concatenates the channels of maps, each cropped at its centre to the smallest height and width."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        height, width = (min(x.shape[dim] for x in maps) for dim in (2, 3))
        parts = []
        for x in maps:
            top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
            parts.append(x[:, :, top : top + height, left : left + width])
        return torch.cat(parts, 1)


class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels at each position of N×C×H×W."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class DropPath(nn.Module):
    """Stochastic depth: in training, an image's whole map is 0 with probability p, else scaled by 1/(1 − p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * F.dropout(x.new_ones(x.shape[0], *(1 for _ in x.shape[1:])), self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Filter(nn.Module):
    """A fixed kernel applied to each channel separately; it is stored with the weights, but not trained."""

    kernel: Tensor

    def __init__(
        self,
        kernel: tuple[tuple[float, ...], ...],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.tensor(kernel, dtype=torch.get_default_dtype()))
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = self.kernel.expand(channels, 1, -1, -1)
        return F.conv2d(x, weight, stride=self.stride, padding=self.padding, groups=channels)

    def extra_repr(self) -> str:
        return f"stride={self.stride}, padding={self.padding}"


class PaddedAvgPool2d(nn.Module):
    """Average pooling that does not count its padding (left, right, top, bottom)."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: tuple[int, int, int, int] = (0, 0, 0, 0),
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.padding = padding
        self.pool = nn.AvgPool2d(kernel_size, stride, ceil_mode=ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        inside = F.pad(torch.ones_like(x[:1, :1]), self.padding)
        result: Tensor = self.pool(F.pad(x, self.padding)) / self.pool(inside)
        return result

    def extra_repr(self) -> str:
        return f"padding={self.padding}"


class Scale(nn.Module):
    """A learned factor and, optionally, a learned bias for each channel."""

    def __init__(self, channels: int, init: float = 1.0, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), float(init)))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1, *(1 for _ in x.shape[2:]))
        x = x * self.weight.view(shape)
        return x if self.bias is None else x + self.bias.view(shape)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, bias={self.bias is not None}"
