"""Modules and functions that Flax lacks. Each needs only jax, jnp and nnx, as its text is embedded in generated source.

Maps are N×H×W×C, sequences N×L×C. The names of modules and of what they keep are those of torch's file of weights.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx


def adaptive_avg_pool(x, size):
    """The means of a grid of size[0]×size[1] windows, which overlap where they do not divide the map."""
    for axis, count in ((1, size[0]), (2, size[1])):
        length = x.shape[axis]
        bounds = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
        means = [jax.lax.slice_in_dim(x, *ends, axis=axis).mean(axis, keepdims=True) for ends in bounds]
        x = jnp.concatenate(means, axis)
    return x


def adaptive_max_pool(x, size):
    """The maxima of a grid of size[0]×size[1] windows, which overlap where they do not divide the map."""
    for axis, count in ((1, size[0]), (2, size[1])):
        length = x.shape[axis]
        bounds = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
        maxima = [jax.lax.slice_in_dim(x, *ends, axis=axis).max(axis, keepdims=True) for ends in bounds]
        x = jnp.concatenate(maxima, axis)
    return x


def center_crop(x, size):
    """Cuts a map to its centre of a height and width; an odd pixel is cut off at the end."""
    top, left = (x.shape[1] - size[0]) // 2, (x.shape[2] - size[1]) // 2
    return x[:, top : top + size[0], left : left + size[1]]


def center_crop_concat(maps):
    """Concatenates the channels of maps, each cropped at its centre to the smallest height and width."""
    size = min(x.shape[1] for x in maps), min(x.shape[2] for x in maps)
    return jnp.concatenate([center_crop(x, size) for x in maps], axis=-1)


def channel_shuffle(x, groups):
    """Takes a channel of each group in turn (Zhang et al. 2017)."""
    parts = x.reshape(*x.shape[:-1], groups, -1)
    return parts.swapaxes(-1, -2).reshape(x.shape)


def depth_to_space(x, factor, order="CHW"):
    """Makes blocks of pixels of the channels, ordered as CHW or another way, the last varying fastest."""
    n, height, width, _ = x.shape
    x = x.reshape(n, height, width, *(-1 if axis == "C" else factor for axis in order))
    rows, columns, channels = (3 + order.index(axis) for axis in "HWC")
    x = x.transpose(0, 1, rows, 2, columns, channels)
    return x.reshape(n, height * factor, width * factor, -1)


def space_to_depth(x, factor, order="CHW"):
    """Makes channels of the blocks of pixels, ordered as CHW or another way, the last varying fastest."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height // factor, factor, width // factor, factor, channels)
    axes = {"H": 2, "W": 4, "C": 5}
    x = x.transpose(0, 1, 3, *(axes[axis] for axis in order))
    return x.reshape(n, height // factor, width // factor, -1)


def filter_channels(x, kernel, stride=(1, 1), padding=((0, 0), (0, 0))):
    """A fixed kernel applied to each channel separately."""
    channels = x.shape[-1]
    weight = jnp.tile(jnp.array(kernel, x.dtype)[:, :, None, None], (1, 1, 1, channels))
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(
        x, weight, stride, padding, dimension_numbers=layout, feature_group_count=channels
    )


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    """Division by the squares of `size` neighbouring channels (Krizhevsky et al. 2012), alpha times their mean."""
    squares = jnp.pad(x**2, ((0, 0), (0, 0), (0, 0), (size // 2, (size - 1) // 2)))
    total = sum(squares[..., i : i + x.shape[-1]] for i in range(size))
    return x / (k + alpha / size * total) ** beta


def resize(x, size, mode="nearest", align_corners=False, scale=None):
    """The map at another height and width, by the nearest pixel or linear between pixels, as torch interpolates."""
    for axis in (1, 2):
        length, new = x.shape[axis], size[axis - 1]
        step = 1 / scale[axis - 1] if scale else length / new
        if mode != "bilinear":
            places = (jnp.arange(new) + 0.5 * (mode == "nearest-exact")) * step
            x = jnp.take(x, jnp.minimum(jnp.floor(places).astype(int), length - 1), axis=axis)
            continue
        if align_corners:
            places = jnp.arange(new) * ((length - 1) / max(new - 1, 1))
        else:
            places = jnp.clip((jnp.arange(new) + 0.5) * step - 0.5, 0, length - 1)
        below = jnp.clip(jnp.floor(places).astype(int), 0, length - 1)
        above = jnp.minimum(below + 1, length - 1)
        share = (places - below).reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
        x = jnp.take(x, below, axis=axis) * (1 - share) + jnp.take(x, above, axis=axis) * share
    return x


def tokens_to_map(x, size):
    """Arranges the tokens of N×L×C as a map of a height and width."""
    return x.reshape(len(x), *size, x.shape[-1])


class ClassToken(nnx.Module):
    """A learned token before those of N×L×C."""

    def __init__(self, channels, std=0.02, *, rngs):
        self.weight = nnx.Param(std * jax.random.normal(rngs.params(), (1, 1, channels)))

    def __call__(self, x):
        token = jnp.broadcast_to(self.weight[...], (len(x), 1, x.shape[-1]))
        return jnp.concatenate([token, x], axis=1)


class GlobalResponseNorm(nnx.Module):
    """The response of each channel over all positions, compared with that of the others (Woo et al. 2023)."""

    def __init__(self, channels, eps=1e-6, *, rngs):
        self.eps = eps
        self.weight = nnx.Param(jnp.zeros(channels))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, x):
        norms = jnp.sqrt((x**2).sum(range(1, x.ndim - 1), keepdims=True))
        norms = norms / (norms.mean(-1, keepdims=True) + self.eps)
        return x + self.weight * (x * norms) + self.bias


class LearnedPositions(nnx.Module):
    """Adds a learned number to each element, those of one image or sequence."""

    def __init__(self, shape, std=0.02, *, rngs):
        self.weight = nnx.Param(std * jax.random.normal(rngs.params(), (1, *shape)))

    def __call__(self, x):
        return x + self.weight


class PReLU(nnx.Module):
    """A leaky rectifier whose slope is learned for each channel, or once for all (He et al. 2015)."""

    def __init__(self, channels=1, init=0.25, *, rngs):
        self.weight = nnx.Param(jnp.full(channels, init))

    def __call__(self, x):
        return jnp.where(x > 0, x, self.weight * x)


class Scale(nnx.Module):
    """A learned factor and, optionally, a learned bias for each channel."""

    def __init__(self, channels, init=1.0, bias=False, *, rngs):
        self.weight = nnx.Param(jnp.full(channels, init))
        self.bias = nnx.Param(jnp.zeros(channels)) if bias else None

    def __call__(self, x):
        x = x * self.weight
        return x if self.bias is None else x + self.bias


def sine_positions(x):
    """Adds sines and cosines of each place to N×L×C, or to the halves of a map's channels those of row and column."""
    channels = x.shape[-1] // (x.ndim - 2)
    rates = 10_000 ** (-jnp.arange(channels // 2) / (channels // 2))
    tables = [jnp.arange(length)[:, None] * rates for length in x.shape[1:-1]]
    tables = [jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1) for angles in tables]
    if len(tables) == 1:
        return x + tables[0]
    rows, columns = tables
    rows = jnp.broadcast_to(rows[:, None], (*x.shape[1:3], channels))
    columns = jnp.broadcast_to(columns, (*x.shape[1:3], channels))
    return x + jnp.concatenate([rows, columns], axis=-1)


class Attention(nnx.Module):
    """Multi-head attention among the tokens of N×L×C (Vaswani et al. 2017)."""

    def __init__(self, channels, heads, qkv_bias=True, *, rngs):
        self.heads = heads
        self.qkv = nnx.Linear(channels, 3 * channels, use_bias=qkv_bias, rngs=rngs)
        self.proj = nnx.Linear(channels, channels, rngs=rngs)

    def __call__(self, x, bias=None):
        qkv = self.qkv(x).reshape(*x.shape[:2], 3, self.heads, -1)
        q, k, v = qkv.transpose(2, 0, 1, 3, 4)  # each N×L×heads×C/heads
        x = jax.nn.dot_product_attention(q, k, v, bias).reshape(x.shape)
        return self.proj(x)


class MapAttention(Attention):
    """Multi-head attention among the positions of a map."""

    def __call__(self, x):
        tokens = x.reshape(len(x), -1, x.shape[-1])
        return super().__call__(tokens).reshape(x.shape)


class PatchAttention(Attention):
    """Multi-head attention among the positions of a map at one place of each patch (Mehta and Rastegari 2021)."""

    def __init__(self, channels, heads, patch, qkv_bias=True, *, rngs):
        super().__init__(channels, heads, qkv_bias, rngs=rngs)
        self.patch = patch

    def __call__(self, x):
        n, height, width, channels = x.shape
        rows, columns = height // self.patch, width // self.patch
        places = x.reshape(n, rows, self.patch, columns, self.patch, channels).transpose(0, 2, 4, 1, 3, 5)
        tokens = super().__call__(places.reshape(-1, rows * columns, channels))
        return tokens.reshape(places.shape).transpose(0, 3, 1, 4, 2, 5).reshape(x.shape)


class WindowAttention(Attention):
    """Multi-head attention among the positions of each window of a map (Liu et al. 2021).

    Shifted windows end at the edges. With `relative`, the distance between two positions has a learned bias.
    """

    def __init__(self, channels, heads, window, shift=(0, 0), relative=False, qkv_bias=True, *, rngs):
        super().__init__(channels, heads, qkv_bias, rngs=rngs)
        self.window, self.shift, self.relative = window, shift, relative
        if relative:
            count = (2 * window[0] - 1) * (2 * window[1] - 1)
            self.bias_table = nnx.Param(0.02 * jax.random.normal(rngs.params(), (count, heads)))

    def __call__(self, x):
        x = jnp.roll(x, (-self.shift[0], -self.shift[1]), (1, 2))
        windows = self.divide(x)  # N×windows×positions×C
        tokens = super().__call__(windows.reshape(-1, *windows.shape[2:]), self.make_bias(x))
        x = self.unite(tokens, x.shape)
        return jnp.roll(x, self.shift, (1, 2))

    def divide(self, x):
        n, height, width, channels = x.shape
        rows, columns = self.window
        x = x.reshape(n, height // rows, rows, width // columns, columns, channels)
        return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, -1, rows * columns, channels)

    def unite(self, windows, shape):
        n, height, width, channels = shape
        rows, columns = self.window
        x = windows.reshape(n, height // rows, width // columns, rows, columns, channels)
        return x.transpose(0, 1, 3, 2, 4, 5).reshape(shape)

    def make_bias(self, x):
        """What is added to the products of each window and head: the learned bias, and −∞ at an edge."""
        height, width = self.window
        bias = jnp.zeros((1, 1, 1, 1))
        if self.relative:
            rows, columns = (places.ravel() for places in jnp.indices(self.window))
            down, right = rows[:, None] - rows + height - 1, columns[:, None] - columns + width - 1
            bias = self.bias_table[down * (2 * width - 1) + right].transpose(2, 0, 1)[None]
        sides = [
            (jnp.arange(size) >= size - window).astype(int) + (jnp.arange(size) >= size - shift)
            for size, window, shift in zip(x.shape[1:3], self.window, self.shift, strict=True)
        ]
        places = self.divide((3 * sides[0][:, None] + sides[1])[None, :, :, None])[0, :, :, 0]
        edges = jnp.where(places[:, :, None] == places[:, None], 0.0, -jnp.inf)[:, None]
        bias = bias + edges if any(self.shift) else bias
        return jnp.tile(bias, (len(x), 1, 1, 1)) if any(self.shift) else bias


class GridAttention(WindowAttention):
    """Multi-head attention among the positions of a map that a grid reads at once (Tu et al. 2022)."""

    def divide(self, x):
        n, height, width, channels = x.shape
        rows, columns = self.window
        x = x.reshape(n, rows, height // rows, columns, width // columns, channels)
        return x.transpose(0, 2, 4, 1, 3, 5).reshape(n, -1, rows * columns, channels)

    def unite(self, windows, shape):
        n, height, width, channels = shape
        rows, columns = self.window
        x = windows.reshape(n, height // rows, width // columns, rows, columns, channels)
        return x.transpose(0, 3, 1, 4, 2, 5).reshape(shape)


class CrossAttention(nnx.Module):
    """Multi-head attention of the positions of one value, a map or a sequence, to those of another."""

    def __init__(self, channels, heads, memory_channels, qkv_bias=True, *, rngs):
        self.heads = heads
        self.q = nnx.Linear(channels, channels, use_bias=qkv_bias, rngs=rngs)
        self.kv = nnx.Linear(memory_channels, 2 * channels, use_bias=qkv_bias, rngs=rngs)
        self.proj = nnx.Linear(channels, channels, rngs=rngs)

    def __call__(self, x, memory):
        n, channels = len(x), x.shape[-1]
        q = self.q(x).reshape(n, -1, self.heads, channels // self.heads)
        k, v = self.kv(memory).reshape(n, -1, 2, self.heads, channels // self.heads).transpose(2, 0, 1, 3, 4)
        return self.proj(jax.nn.dot_product_attention(q, k, v).reshape(x.shape))


class ReducedAttention(CrossAttention):
    """Multi-head attention of a map to a smaller map, which a convolution makes of it (Wang et al. 2021)."""

    def __init__(self, channels, heads, reduce, qkv_bias=True, *, rngs):
        super().__init__(channels, heads, channels, qkv_bias, rngs=rngs)
        self.sr = nnx.Conv(channels, channels, (reduce, reduce), strides=reduce, padding="VALID", rngs=rngs)
        self.norm = nnx.LayerNorm(channels, epsilon=1e-5, rngs=rngs)

    def __call__(self, x):
        return super().__call__(x, self.norm(self.sr(x)))
