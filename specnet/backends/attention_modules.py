"""Modules of attention, which torch lacks in this form. Each needs only torch, nn and F, as its text is embedded."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention among the tokens of N×L×C (Vaswani et al. 2017)."""

    def __init__(self, channels: int, heads: int, qkv_bias: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each N×heads×L×C/heads
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).flatten(2))


class MapAttention(Attention):
    """Multi-head attention among the positions of N×C×H×W."""

    def forward(self, x: Tensor) -> Tensor:
        tokens = super().forward(x.flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:])


class PatchAttention(Attention):
    """Multi-head attention among the positions of N×C×H×W at one place of each patch (Mehta and Rastegari 2021)."""

    def __init__(self, channels: int, heads: int, patch: int, qkv_bias: bool = True) -> None:
        super().__init__(channels, heads, qkv_bias)
        self.patch = patch

    def forward(self, x: Tensor) -> Tensor:
        patches = x.unflatten(3, (-1, self.patch)).unflatten(2, (-1, self.patch))  # N×C×H/p×p×W/p×p
        places = patches.permute(0, 3, 5, 2, 4, 1)
        tokens = super().forward(places.flatten(3, 4).flatten(0, 2))
        places = tokens.view(places.shape)
        return places.permute(0, 5, 3, 1, 4, 2).flatten(4, 5).flatten(2, 3)


class WindowAttention(nn.Module):
    """Multi-head attention among the positions of each window of N×C×H×W (Liu et al. 2021).

    Shifted windows end at the edges. With `relative`, the distance between two positions has a learned bias.
    """

    distances: Tensor

    def __init__(
        self,
        channels: int,
        heads: int,
        window: tuple[int, int],
        shift: tuple[int, int] = (0, 0),
        relative: bool = False,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        if relative:
            height, width = window
            self.bias_table = nn.Parameter(torch.empty((2 * height - 1) * (2 * width - 1), heads))
            rows = torch.arange(height).repeat_interleave(width)
            columns = torch.arange(width).repeat(height)
            down, right = rows[:, None] - rows + height - 1, columns[:, None] - columns + width - 1
            self.register_buffer("distances", down * (2 * width - 1) + right, persistent=False)
        self.relative = relative
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.proj = nn.Linear(channels, channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.relative:
            nn.init.normal_(self.bias_table, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        x = x.roll((-self.shift[0], -self.shift[1]), (2, 3)) if any(self.shift) else x
        windows = self._divide(x)  # N×H/h×W/w×h×w×C
        qkv = self.qkv(windows.flatten(3, 4).flatten(1, 2))  # N×windows×positions×3C
        qkv = qkv.unflatten(3, (3, self.heads, -1)).permute(3, 0, 1, 4, 2, 5)
        merged = (1, 2) if any(self.shift) else (0, 1)  # each shifted window has a mask of its own
        q, k, v = (part.flatten(*merged) for part in qkv)
        mask = self._mask(x.shape[2], x.shape[3])
        results = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        results = results.unflatten(merged[0], qkv.shape[1:][merged[0] : merged[0] + 2])
        tokens = self.proj(results.transpose(2, 3).flatten(3))
        x = self._unite(tokens.view(windows.shape))
        return x.roll(self.shift, (2, 3)) if any(self.shift) else x

    def _divide(self, x: Tensor) -> Tensor:
        """Divide N×C×H×W into windows, N×H/h×W/w×h×w×C."""
        height, width = self.window
        return x.unflatten(3, (-1, width)).unflatten(2, (-1, height)).permute(0, 2, 4, 3, 5, 1)

    def _unite(self, windows: Tensor) -> Tensor:
        """Unite windows to N×C×H×W again."""
        return windows.transpose(2, 3).flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)

    def _mask(self, height: int, width: int) -> Tensor | None:
        """Return what is added to the products of each head, and of each window if shifted: bias, and −∞ at an edge."""
        bias = self.bias_table[self.distances].permute(2, 0, 1)[None] if self.relative else None
        if not any(self.shift):
            return bias
        rows, columns = (self._number(size, axis) for axis, size in enumerate((height, width)))
        places = self._divide((3 * rows[:, None] + columns)[None, None]).flatten(3).flatten(0, 2)
        count, size = places.shape
        edges = self.proj.weight.new_zeros(count, self.heads, size, size)
        edges = edges.masked_fill_((places[:, :, None] != places[:, None])[:, None], float("-inf"))
        return (edges if bias is None else edges + bias).flatten(0, 1)[None]

    def _number(self, size: int, axis: int) -> Tensor:
        """Number the positions along an axis so that those which came across the edge differ from the others."""
        at = torch.arange(size, device=self.proj.weight.device)
        return (at >= size - self.window[axis]).long() + (at >= size - self.shift[axis])


class GridAttention(WindowAttention):
    """Multi-head attention among the positions of N×C×H×W that a grid of h×w reads at once (Tu et al. 2022)."""

    def _divide(self, x: Tensor) -> Tensor:
        """Divide N×C×H×W into grids, N×H/h×W/w×h×w×C, whose positions are H/h rows and W/w columns apart."""
        height, width = self.window
        return x.unflatten(3, (width, -1)).unflatten(2, (height, -1)).permute(0, 3, 5, 2, 4, 1)

    def _unite(self, windows: Tensor) -> Tensor:
        return windows.permute(0, 3, 1, 4, 2, 5).flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)


class ReducedAttention(nn.Module):
    """Multi-head attention of N×C×H×W to a smaller map, which a convolution makes of it (Wang et al. 2021)."""

    def __init__(self, channels: int, heads: int, reduce: int, qkv_bias: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(channels, channels, bias=qkv_bias)
        self.kv = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.proj = nn.Linear(channels, channels)
        self.sr = nn.Conv2d(channels, channels, reduce, stride=reduce)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        reduced = self.norm(self.sr(x).flatten(2).transpose(1, 2))
        q = self.q(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2)
        k, v = self.kv(reduced).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        tokens = F.scaled_dot_product_attention(q, k, v)
        tokens = self.proj(tokens.transpose(1, 2).flatten(2))
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:])


class CrossAttention(nn.Module):
    """Multi-head attention of the positions of one value to those of another; each is N×L×C or N×C×H×W."""

    def __init__(
        self,
        channels: int,
        heads: int,
        memory_channels: int,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(channels, channels, bias=qkv_bias)
        self.kv = nn.Linear(memory_channels, 2 * channels, bias=qkv_bias)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        tokens, memory = (v.flatten(2).transpose(1, 2) if v.ndim == 4 else v for v in (x, memory))
        q = self.q(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2)
        k, v = self.kv(memory).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        tokens = F.scaled_dot_product_attention(q, k, v)
        tokens = self.proj(tokens.transpose(1, 2).flatten(2))
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:]) if x.ndim == 4 else tokens
