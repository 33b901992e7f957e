"""Layers and functions that Keras lacks. Each needs only keras, as its text is embedded in generated source.

Maps are N×H×W×C, sequences N×L×C. The names of layers are those of torch's file of weights.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops


def avg_pool_inside(x, size, strides=None, padding=((0, 0), (0, 0))):
    """The mean of the pixels of each window that are no padding."""
    inside = ops.pad(ops.ones((1, *x.shape[1:3], 1)), ((0, 0), *padding, (0, 0)))
    share = ops.average_pool(inside, size, strides)
    return layers.AveragePooling2D(size, strides)(layers.ZeroPadding2D(padding)(x)) / share


def center_crop_concat(maps):
    """Concatenates the channels of maps, each cropped at its centre to the smallest height and width."""
    height, width = (min(x.shape[axis] for x in maps) for axis in (1, 2))
    parts = []
    for x in maps:
        down, right = x.shape[1] - height, x.shape[2] - width
        parts.append(layers.Cropping2D(((down // 2, down - down // 2), (right // 2, right - right // 2)))(x))
    return layers.Concatenate()(parts)


def channel_shuffle(x, groups):
    """Takes a channel of each group in turn (Zhang et al. 2017)."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, groups, channels // groups))(x)
    x = layers.Permute((1, 2, 4, 3))(x)
    return layers.Reshape((height, width, channels))(x)


def depth_to_space(x, factor, order="CHW"):
    """Makes blocks of pixels of the channels, ordered as CHW or another way, the last varying fastest."""
    height, width, channels = x.shape[1:]
    sizes = {"C": channels // factor**2, "H": factor, "W": factor}
    x = layers.Reshape((height, width, *(sizes[axis] for axis in order)))(x)
    rows, columns, depth = (3 + order.index(axis) for axis in "HWC")
    x = layers.Permute((1, rows, 2, columns, depth))(x)
    return layers.Reshape((height * factor, width * factor, sizes["C"]))(x)


def space_to_depth(x, factor, order="CHW"):
    """Makes channels of the blocks of pixels, ordered as CHW or another way, the last varying fastest."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height // factor, factor, width // factor, factor, channels))(x)
    axes = {"H": 2, "W": 4, "C": 5}
    x = layers.Permute((1, 3, *(axes[axis] for axis in order)))(x)
    return layers.Reshape((height // factor, width // factor, factor**2 * channels))(x)


def filter_channels(x, kernel, strides=1, padding=((0, 0), (0, 0))):
    """A fixed kernel applied to each channel separately."""
    weight = np.tile(np.array(kernel, "float32")[:, :, None, None], (1, 1, x.shape[-1], 1))
    return ops.depthwise_conv(layers.ZeroPadding2D(padding)(x), weight, strides)


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    """Division by the squares of `size` neighbouring channels (Krizhevsky et al. 2012), alpha times their mean."""
    squares = ops.pad(x**2, ((0, 0), (0, 0), (0, 0), (size // 2, (size - 1) // 2)))
    total = sum(squares[..., i : i + x.shape[-1]] for i in range(size))
    return x / (k + alpha / size * total) ** beta


def resize(x, size, mode="nearest", align_corners=False, scale=None):
    """The map at another height and width, by the nearest pixel or linear between pixels, as torch interpolates."""
    for axis in (1, 2):
        length, new = x.shape[axis], size[axis - 1]
        step = 1 / scale[axis - 1] if scale else length / new
        if mode != "bilinear":
            places = (np.arange(new) + 0.5 * (mode == "nearest-exact")) * step
            x = ops.take(x, np.minimum(np.floor(places).astype(int), length - 1), axis=axis)
            continue
        if align_corners:
            places = np.arange(new) * ((length - 1) / max(new - 1, 1))
        else:
            places = np.clip((np.arange(new) + 0.5) * step - 0.5, 0, length - 1)
        below = np.clip(np.floor(places).astype(int), 0, length - 1)
        above = np.minimum(below + 1, length - 1)
        share = (places - below).astype("float32").reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
        x = ops.take(x, below, axis=axis) * (1 - share) + ops.take(x, above, axis=axis) * share
    return x


def sine_positions(x):
    """Adds sines and cosines of each place to N×L×C, or to the halves of a map's channels those of row and column."""
    channels = x.shape[-1] // (len(x.shape) - 2)
    rates = 10_000.0 ** (-np.arange(channels // 2) / (channels // 2))
    angles = [np.arange(length)[:, None] * rates for length in x.shape[1:-1]]
    tables = [np.concatenate([np.sin(each), np.cos(each)], axis=-1).astype("float32") for each in angles]
    if len(tables) == 1:
        return x + tables[0]
    rows = np.broadcast_to(tables[0][:, None], (*x.shape[1:3], channels))
    columns = np.broadcast_to(tables[1], (*x.shape[1:3], channels))
    return x + np.concatenate([rows, columns], axis=-1)


@keras.saving.register_keras_serializable()
class ClassToken(layers.Layer):
    """A learned token before those of N×L×C."""

    def build(self, shape):
        self.weight = self.add_weight(name="weight", shape=(1, 1, shape[-1]), initializer="random_normal")

    def call(self, x):
        token = ops.broadcast_to(self.weight, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1)


@keras.saving.register_keras_serializable()
class GlobalResponseNorm(layers.Layer):
    """The response of each channel over all positions, compared with that of the others (Woo et al. 2023)."""

    def __init__(self, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, shape):
        self.weight = self.add_weight(name="weight", shape=shape[-1:], initializer="zeros")
        self.bias = self.add_weight(name="bias", shape=shape[-1:], initializer="zeros")

    def call(self, x):
        norms = ops.sqrt(ops.sum(x**2, axis=tuple(range(1, len(x.shape) - 1)), keepdims=True))
        norms = norms / (ops.mean(norms, axis=-1, keepdims=True) + self.epsilon)
        return x + self.weight * (x * norms) + self.bias

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable()
class LearnedPositions(layers.Layer):
    """Adds a learned number to each element, those of one image or sequence."""

    def build(self, shape):
        self.weight = self.add_weight(name="weight", shape=(1, *shape[1:]), initializer="random_normal")

    def call(self, x):
        return x + self.weight


@keras.saving.register_keras_serializable()
class Scale(layers.Layer):
    """A learned factor and, optionally, a learned bias for each channel."""

    def __init__(self, init=1.0, bias=False, **kwargs):
        super().__init__(**kwargs)
        self.init, self.has_bias = init, bias

    def build(self, shape):
        first = keras.initializers.Constant(self.init)
        self.weight = self.add_weight(name="weight", shape=shape[-1:], initializer=first)
        if self.has_bias:
            self.bias = self.add_weight(name="bias", shape=shape[-1:], initializer="zeros")

    def call(self, x):
        return x * self.weight + self.bias if self.has_bias else x * self.weight

    def get_config(self):
        return {**super().get_config(), "init": self.init, "bias": self.has_bias}


@keras.saving.register_keras_serializable()
class WindowBias(layers.Layer):
    """Adds a learned bias for each distance to products, N×windows×heads×positions×positions (Liu et al. 2021)."""

    def __init__(self, window, **kwargs):
        super().__init__(**kwargs)
        self.window = window

    def build(self, shape):
        count = (2 * self.window[0] - 1) * (2 * self.window[1] - 1)
        self.bias_table = self.add_weight(name="bias_table", shape=(count, shape[2]), initializer="random_normal")

    def call(self, products):
        height, width = self.window
        rows, columns = (places.ravel() for places in np.indices(self.window))
        down, right = rows[:, None] - rows + height - 1, columns[:, None] - columns + width - 1
        bias = ops.take(self.bias_table, down * (2 * width - 1) + right, axis=0)
        return products + ops.transpose(bias, (2, 0, 1))

    def get_config(self):
        return {**super().get_config(), "window": self.window}


def divide(x, window, grid=False):
    """Divide a map into windows, or into grids that read the whole map: windows×h×w positions × C."""
    height, width, channels = x.shape[1:]
    (rows, columns), order = window, (1, 3, 2, 4, 5)
    sizes = (height // rows, rows, width // columns, columns)
    if grid:
        sizes, order = (rows, height // rows, columns, width // columns), (2, 4, 1, 3, 5)
    x = layers.Permute(order)(layers.Reshape((*sizes, channels))(x))
    return layers.Reshape((height * width // (rows * columns), rows * columns, channels))(x)


def unite(windows, window, shape, grid=False):
    """Unite windows or grids to a map of a shape again."""
    (height, width, channels), (rows, columns) = shape, window
    x = layers.Reshape((height // rows, width // columns, rows, columns, channels))(windows)
    return layers.Reshape(shape)(layers.Permute((3, 1, 4, 2, 5) if grid else (1, 3, 2, 4, 5))(x))


def find_edges(height, width, window, shift):
    """What is added to the products of each shifted window, so that it ends at an edge: 0 or −∞."""
    rows, columns = (
        (np.arange(size) >= size - length).astype(int) + (np.arange(size) >= size - moved)
        for size, length, moved in zip((height, width), window, shift, strict=True)
    )
    places = (3 * rows[:, None] + columns).reshape(height // window[0], window[0], width // window[1], window[1])
    places = places.transpose(0, 2, 1, 3).reshape(-1, window[0] * window[1])
    return np.where(places[:, :, None] == places[:, None], 0.0, -np.inf).astype("float32")[:, None]


def window_attention(x, heads, window, shift=(0, 0), relative=False, qkv_bias=True, grid=False, *, name):
    """Multi-head attention among the positions of each window of a map (Liu et al. 2021), or of each grid."""
    height, width, channels = x.shape[1:]
    x = ops.roll(x, (-shift[0], -shift[1]), (1, 2)) if any(shift) else x
    windows = divide(x, window, grid)
    count, size = windows.shape[1:3]
    qkv = layers.Dense(3 * channels, use_bias=qkv_bias, name=f"{name}_qkv")(windows)
    qkv = layers.Reshape((count, size, 3, heads, channels // heads))(qkv)
    q, k, v = (layers.Permute((1, 3, 2, 4))(qkv[:, :, :, part]) for part in range(3))
    products = ops.matmul(q, ops.swapaxes(k, -1, -2)) * (channels // heads) ** -0.5
    products = WindowBias(window, name=name)(products) if relative else products
    products = products + find_edges(height, width, window, shift) if any(shift) else products
    results = layers.Permute((1, 3, 2, 4))(ops.matmul(ops.softmax(products), v))
    results = layers.Reshape((count, size, channels))(results)
    x = unite(layers.Dense(channels, name=f"{name}_proj")(results), window, (height, width, channels), grid)
    return ops.roll(x, shift, (1, 2)) if any(shift) else x


def grid_attention(x, heads, window, shift=(0, 0), relative=False, qkv_bias=True, *, name):
    """Multi-head attention among the positions of a map that a grid reads at once (Tu et al. 2022)."""
    return window_attention(x, heads, window, shift, relative, qkv_bias, grid=True, name=name)


def cross_attention(x, memory, heads, qkv_bias=True, *, name):
    """Multi-head attention of the positions of one value, a map or a sequence, to those of another."""
    channels, shape = x.shape[-1], x.shape[1:]
    q = layers.Dense(channels, use_bias=qkv_bias, name=f"{name}_q")(x)
    kv = layers.Dense(2 * channels, use_bias=qkv_bias, name=f"{name}_kv")(memory)
    q = layers.Reshape((-1, heads, channels // heads))(q)
    kv = layers.Reshape((-1, 2, heads, channels // heads))(kv)
    results = ops.dot_product_attention(q, kv[:, :, 0], kv[:, :, 1])
    return layers.Dense(channels, name=f"{name}_proj")(layers.Reshape(shape)(results))


def reduced_attention(x, heads, reduce, qkv_bias=True, *, name):
    """Multi-head attention of a map to a smaller map, which a convolution makes of it (Wang et al. 2021)."""
    reduced = layers.Conv2D(x.shape[-1], reduce, strides=reduce, name=f"{name}_sr")(x)
    reduced = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(reduced)
    return cross_attention(x, reduced, heads, qkv_bias, name=name)


def attention(x, heads, qkv_bias=True, *, name):
    """Multi-head attention among the tokens of N×L×C, or the positions of a map, with one projection for q, k and v."""
    channels, shape = x.shape[-1], x.shape[1:]
    qkv = layers.Dense(3 * channels, use_bias=qkv_bias, name=f"{name}_qkv")(x)
    qkv = layers.Reshape((-1, 3, heads, channels // heads))(qkv)
    results = ops.dot_product_attention(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2])
    return layers.Dense(channels, name=f"{name}_proj")(layers.Reshape(shape)(results))


def patch_attention(x, heads, patch, qkv_bias=True, *, name):
    """Multi-head attention among the positions of a map at one place of each patch (Mehta and Rastegari 2021)."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height // patch, patch, width // patch, patch, channels))(x)
    x = layers.Permute((2, 4, 1, 3, 5))(x)
    attention = layers.MultiHeadAttention(heads, channels // heads, use_bias=qkv_bias, attention_axes=(3, 4), name=name)
    x = layers.Permute((3, 1, 4, 2, 5))(attention(x, x))
    return layers.Reshape((height, width, channels))(x)
