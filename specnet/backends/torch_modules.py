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


class ClassToken(nn.Module):
    """A learned token before those of N×L×C."""

    def __init__(self, channels: int, std: float = 0.02) -> None:
        super().__init__()
        self.std = std
        self.weight = nn.Parameter(torch.empty(1, 1, channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.std)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.weight.expand(x.shape[0], -1, -1), x], 1)


class DepthToSpace(nn.Module):
    """Makes blocks of pixels of the channels of N×C×H×W, ordered as HWC or another way, the last varying fastest."""

    def __init__(self, factor: int, order: str) -> None:
        super().__init__()
        self.factor, self.order = factor, order

    def forward(self, x: Tensor) -> Tensor:
        x = x.unflatten(1, [-1 if axis == "C" else self.factor for axis in self.order])
        channels, height, width = (1 + self.order.index(axis) for axis in "CHW")
        return x.permute(0, channels, 4, height, 5, width).flatten(4, 5).flatten(2, 3)

    def extra_repr(self) -> str:
        return f"factor={self.factor}, order={self.order}"


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


class GlobalResponseNorm(nn.Module):
    """The response of each channel over all positions, compared with that of the others (Woo et al. 2023)."""

    def __init__(self, channels: int, eps: float = 1e-6, dim: int = 1) -> None:
        super().__init__()
        self.eps, self.dim = eps, dim
        self.weight = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        norms = x.norm(dim=[dim for dim in range(1, x.ndim) if dim != self.dim], keepdim=True)
        norms = norms / (norms.mean(self.dim, keepdim=True) + self.eps)
        shape = (-1, *(1 for _ in x.shape[self.dim + 1 :]))
        return x + torch.addcmul(self.bias.view(shape), self.weight.view(shape), x * norms)


class LearnedPositions(nn.Module):
    """Adds a learned number to each element, those of one image or sequence (1×L×C or 1×C×H×W)."""

    def __init__(self, shape: tuple[int, ...], std: float = 0.02) -> None:
        super().__init__()
        self.std = std
        self.weight = nn.Parameter(torch.empty(1, *shape))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.std)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight


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


class RMSNorm(nn.RMSNorm):
    """Division by the root mean square over the last axis; the fused kernel takes a weight of the input's type only."""

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.to(x.dtype) if self.elementwise_affine else None
        return F.rms_norm(x, self.normalized_shape, weight, self.eps)


class ChannelRMSNorm(RMSNorm):
    """Division by the root mean square over the channels at each position of N×C×H×W."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Scale(nn.Module):
    """A learned factor and, optionally, a learned bias for each channel."""

    def __init__(self, channels: int, init: float = 1.0, bias: bool = False, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim
        self.weight = nn.Parameter(torch.full((channels,), float(init)))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1, *(1 for _ in x.shape[self.dim + 1 :]))
        x = x * self.weight.view(shape)
        return x if self.bias is None else x + self.bias.view(shape)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, bias={self.bias is not None}"


class SinePositions(nn.Module):
    """Adds sines and cosines of each place to N×L×C, or to the halves of N×C×H×W those of row and column."""

    table: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        if len(shape) == 2:
            table = self._encode(*shape)
        else:
            channels, height, width = shape
            rows = self._encode(height, channels // 2)[:, None].expand(-1, width, -1)
            columns = self._encode(width, channels // 2).expand(height, -1, -1)
            table = torch.cat([rows, columns], 2).permute(2, 0, 1)
        self.register_buffer("table", table[None], persistent=False)

    @staticmethod
    def _encode(length: int, channels: int) -> Tensor:
        rates = 10_000 ** (-torch.arange(channels // 2) / (channels // 2))
        angles = torch.arange(length)[:, None] * rates
        return torch.cat([angles.sin(), angles.cos()], 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.table


class SpaceToDepth(nn.Module):
    """Makes channels of the blocks of pixels of N×C×H×W, ordered as HWC or another way, the last varying fastest."""

    def __init__(self, factor: int, order: str) -> None:
        super().__init__()
        self.factor, self.order = factor, order

    def forward(self, x: Tensor) -> Tensor:
        columns = x.unflatten(3, (-1, self.factor))
        blocks = columns.unflatten(2, (-1, self.factor))  # N×C×H/r×r×W/r×r
        dims = {"C": 1, "H": 3, "W": 5}
        return blocks.permute(0, *(dims[axis] for axis in self.order), 2, 4).flatten(1, 3)

    def extra_repr(self) -> str:
        return f"factor={self.factor}, order={self.order}"


class TokensToMap(nn.Module):
    """Arranges the tokens of N×L×C as a map of a height and width, N×C×H×W."""

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return x.transpose(1, 2).unflatten(2, size)
