"""The layers of Keras 3 and what they mean here: see meaning.py for how to read the rows.

Keras's momentum is the weight of the old statistics, and here that of the new batch. Initial weights, penalties and
constraints are the subject of a spec's `train` section, or of `init`; those of Keras are named where they are given.
`GlobalAveragePooling2D` gives a vector, as `GlobalAveragePooling1D` does of a sequence. `Dense` acts on the channels of
each pixel of a map. A vector of `Flatten` has its elements pixel by pixel, and here channel by channel, which the
weights behind it learn alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from specnet.foreign.meaning import Completion, Table, read_table
from specnet.foreign.values import WITHOUT_PADDING, Value, are_whole, make_pair

RENAMED = {
    "alpha": "negative_slope",
    "batch_input_shape": "batch_shape",
    "bias": "use_bias",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "init": "kernel_initializer",
    "input_shape": "shape",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "subsample": "strides",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
}
"""Names of arguments in Keras 1 and 2."""

ACTIVATIONS: Mapping[str, str] = {
    "linear": "",
    "relu": "relu",
    "relu6": "relu6",
    "leaky_relu": "leaky_relu slope=0.2",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "hard_sigmoid",
    "silu": "silu",
    "swish": "silu",
    "hard_silu": "hard_swish",
    "hard_swish": "hard_swish",
    "mish": "mish",
    "tanh": "tanh",
    "softmax": "softmax",
}
"""Keras's names of activations, which TensorFlow shares."""

ALIASES = {
    "AvgPool2D": "AveragePooling2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "MaxPool2D": "MaxPooling2D",
    "SeparableConvolution2D": "SeparableConv2D",
}
"""Other names of the same layers."""


def fill_strides(window: str, stride: str, dilation: str = "") -> Completion:
    """Return what completes a transposed convolution whose arguments have these names.

    Without padding its output has N·S + max(F − S, 0) rows, and here (N − 1)S + F: a window below the stride leaves
    S − F rows at the end.
    """

    def complete(arguments: Mapping[str, Value]) -> Mapping[str, Value]:
        windows, strides, steps = (make_pair(arguments.get(name, 1)) for name in (window, stride, dilation))
        is_padded = arguments["padding"] not in WITHOUT_PADDING or arguments["output_padding"] is not None
        if is_padded or not are_whole(*windows, *strides, *steps):
            return {}
        extents = (step * (size - 1) + 1 for size, step in zip(windows, steps, strict=True))
        added = tuple(max(step - extent, 0) for step, extent in zip(strides, extents, strict=True))
        return {"output_padding": added} if any(added) else {}

    return complete


CLASSES: Table = read_table(
    """
Layer(*, activity_regularizer: training = None, trainable: training = True, dtype: unread = None,
       autocast: unread = True, name: name = None, input_shape: input = None, batch_shape: batch(input) = None,
       input_dim: input = None) ->

Input(shape: text = None, batch_size: unread = None, dtype: unread = None, sparse: None = None, ragged: None = None,
       batch_shape: None = None, name: name = None, tensor: None = None, optional: False = False) -> input {shape}
Input(shape: None = None, batch_size: unread = None, dtype: unread = None, sparse: None = None, ragged: None = None,
       batch_shape: batch(text) = None, name: name = None, tensor: None = None,
       optional: False = False) -> input {batch_shape}
InputLayer(shape: text = None, batch_size: unread = None, dtype: unread = None, sparse: None = None,
       ragged: None = None, batch_shape: None = None, input_tensor: None = None, optional: False = False,
       name: name = None, **kwargs: unread) -> input {shape}
InputLayer(shape: None = None, batch_size: unread = None, dtype: unread = None, sparse: None = None,
       ragged: None = None, batch_shape: batch(text) = None, input_tensor: None = None, optional: False = False,
       name: name = None, **kwargs: unread) -> input {batch_shape}

Conv2D(filters: K, kernel_size: F, strides: S = (1, 1), padding: P = "valid", data_format: layout = None,
       dilation_rate: D = (1, 1), groups: G = 1, activation: activation = None, use_bias: bias = True,
       kernel_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       kernel_regularizer: training = None, bias_regularizer: training = None, activity_regularizer: training = None,
       kernel_constraint: training = None, bias_constraint: training = None, **kwargs: Layer) -> conv
Conv2DTranspose(filters: K, kernel_size: F, strides: S = (1, 1), padding: P = "valid", output_padding: OP = None,
       data_format: layout = None, dilation_rate: D = (1, 1), activation: activation = None, use_bias: bias = True,
       kernel_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       kernel_regularizer: training = None, bias_regularizer: training = None, activity_regularizer: training = None,
       kernel_constraint: training = None, bias_constraint: training = None, **kwargs: Layer) -> deconv
DepthwiseConv2D(kernel_size: F, strides: S = (1, 1), padding: P = "valid", depth_multiplier: 1 = 1,
       data_format: layout = None, dilation_rate: D = (1, 1), activation: activation = None, use_bias: bias = True,
       depthwise_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       depthwise_regularizer: training = None, bias_regularizer: training = None,
       activity_regularizer: training = None, depthwise_constraint: training = None,
       bias_constraint: training = None, **kwargs: Layer) -> conv K=C G=C
DepthwiseConv2D(kernel_size: F, strides: S = (1, 1), padding: P = "valid", depth_multiplier: text = 1,
       data_format: layout = None, dilation_rate: D = (1, 1), activation: activation = None, use_bias: bias = True,
       depthwise_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       depthwise_regularizer: training = None, bias_regularizer: training = None,
       activity_regularizer: training = None, depthwise_constraint: training = None,
       bias_constraint: training = None, **kwargs: Layer) -> conv K=C*{depth_multiplier} G=C
SeparableConv2D(filters: K, kernel_size: first.F, strides: first.S = (1, 1), padding: first.P = "valid",
       data_format: layout = None, dilation_rate: first.D = (1, 1), depth_multiplier: 1 = 1,
       activation: activation = None, use_bias: bias = True, depthwise_initializer: training = "glorot_uniform",
       pointwise_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       depthwise_regularizer: training = None, pointwise_regularizer: training = None,
       bias_regularizer: training = None, activity_regularizer: training = None,
       depthwise_constraint: training = None, pointwise_constraint: training = None,
       bias_constraint: training = None, **kwargs: Layer) -> conv K=C G=C bias=no -> conv F=1
SeparableConv2D(filters: K, kernel_size: first.F, strides: first.S = (1, 1), padding: first.P = "valid",
       data_format: layout = None, dilation_rate: first.D = (1, 1), depth_multiplier: text = 1,
       activation: activation = None, use_bias: bias = True, depthwise_initializer: training = "glorot_uniform",
       pointwise_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       depthwise_regularizer: training = None, pointwise_regularizer: training = None,
       bias_regularizer: training = None, activity_regularizer: training = None,
       depthwise_constraint: training = None, pointwise_constraint: training = None,
       bias_constraint: training = None, **kwargs: Layer) -> conv K=C*{depth_multiplier} G=C bias=no -> conv F=1
Dense(units: K, activation: activation = None, use_bias: bias = True, kernel_initializer: training = "glorot_uniform",
       bias_initializer: training = "zeros", kernel_regularizer: training = None, bias_regularizer: training = None,
       activity_regularizer: training = None, kernel_constraint: training = None, bias_constraint: training = None,
       lora_rank: None = None, lora_alpha: None = None, quantization_config: None = None,
       **kwargs: Layer) -> fc, or on a map conv F=1

MaxPooling2D(pool_size: F = (2, 2), strides: S = None, padding: P = "valid", data_format: layout = None,
       name: name = None, **kwargs: Layer) -> pool max
AveragePooling2D(pool_size: F, strides: S = None, padding: P = "valid", data_format: layout = None,
       name: name = None, **kwargs: Layer) -> pool avg
GlobalMaxPooling2D(data_format: layout = None, keepdims: False = False, **kwargs: Layer) -> pool max global -> flatten
GlobalMaxPooling2D(data_format: layout = None, keepdims: True = False, **kwargs: Layer) -> pool max global
GlobalAveragePooling2D(data_format: layout = None, keepdims: False = False,
       **kwargs: Layer) -> pool avg global -> flatten
GlobalAveragePooling2D(data_format: layout = None, keepdims: True = False, **kwargs: Layer) -> pool avg global
GlobalMaxPooling1D(data_format: layout = None, keepdims: False = False, **kwargs: Layer) -> pool max global
GlobalAveragePooling1D(data_format: layout = None, keepdims: False = False, **kwargs: Layer) -> pool avg global
AdaptiveAveragePooling2D(output_size: to, data_format: layout = None, **kwargs: Layer) -> pool avg
AdaptiveMaxPooling2D(output_size: to, data_format: layout = None, **kwargs: Layer) -> pool max

BatchNormalization(axis: -1 | 3 = -1, momentum: 1 - momentum = 0.99, epsilon: eps = 1e-3, center: True = True,
       scale: True = True, beta_initializer: training = "zeros", gamma_initializer: training = "ones",
       moving_mean_initializer: training = "zeros", moving_variance_initializer: training = "ones",
       beta_regularizer: training = None, gamma_regularizer: training = None, beta_constraint: training = None,
       gamma_constraint: training = None, renorm: False = False, renorm_clipping: None = None,
       renorm_momentum: unread = 0.99, synchronized: unread = False, **kwargs: Layer) -> bn
BatchNormalization(axis: -1 | 3 = -1, momentum: 1 - momentum = 0.99, epsilon: eps = 1e-3, center: False = True,
       scale: False = True, beta_initializer: unread = "zeros", gamma_initializer: unread = "ones",
       moving_mean_initializer: training = "zeros", moving_variance_initializer: training = "ones",
       beta_regularizer: unread = None, gamma_regularizer: unread = None, beta_constraint: unread = None,
       gamma_constraint: unread = None, renorm: False = False, renorm_clipping: None = None,
       renorm_momentum: unread = 0.99, synchronized: unread = False, **kwargs: Layer) -> bn affine=no
LayerNormalization(axis: -1 | 3 = -1, epsilon: eps = 1e-3, center: True = True, scale: True = True,
       beta_initializer: training = "zeros", gamma_initializer: training = "ones",
       beta_regularizer: training = None, gamma_regularizer: training = None, beta_constraint: training = None,
       gamma_constraint: training = None, **kwargs: Layer) -> ln
LayerNormalization(axis: -1 | 3 = -1, epsilon: eps = 1e-3, center: False = True, scale: False = True,
       beta_initializer: unread = "zeros", gamma_initializer: unread = "ones",
       beta_regularizer: unread = None, gamma_regularizer: unread = None, beta_constraint: unread = None,
       gamma_constraint: unread = None, **kwargs: Layer) -> ln affine=no
MultiHeadAttention(num_heads: heads, key_dim: unread, value_dim: None = None, dropout: 0.0 = 0.0, use_bias: True = True,
       output_shape: None = None, attention_axes: None = None, flash_attention: unread = None,
       kernel_initializer: training = "glorot_uniform", bias_initializer: training = "zeros",
       kernel_regularizer: training = None, bias_regularizer: training = None, activity_regularizer: training = None,
       kernel_constraint: training = None, bias_constraint: training = None, seed: unread = None,
       **kwargs: Layer) -> attention, but here a head has channels/heads channels, and in Keras `key_dim`
GroupNormalization(groups: -1 = 32, axis: -1 | 3 = -1, epsilon: eps = 1e-3, center: True = True, scale: True = True,
       beta_initializer: training = "zeros", gamma_initializer: training = "ones",
       beta_regularizer: training = None, gamma_regularizer: training = None, beta_constraint: training = None,
       gamma_constraint: training = None, **kwargs: Layer) -> instance_norm affine=yes
GroupNormalization(groups: G = 32, axis: -1 | 3 = -1, epsilon: eps = 1e-3, center: True = True, scale: True = True,
       beta_initializer: training = "zeros", gamma_initializer: training = "ones",
       beta_regularizer: training = None, gamma_regularizer: training = None, beta_constraint: training = None,
       gamma_constraint: training = None, **kwargs: Layer) -> gn

Dropout(rate: p, noise_shape: None = None, seed: unread = None, **kwargs: Layer) -> dropout
SpatialDropout2D(rate: p, data_format: layout = None, seed: unread = None, name: name = None,
       dtype: unread = None) -> dropout, but it zeroes single elements, and SpatialDropout2D whole channels
GaussianDropout(rate: p, seed: unread = None,
       **kwargs: Layer) -> dropout, but GaussianDropout multiplies by Gaussian noise

Activation(activation: activation, **kwargs: Layer) ->
ReLU(max_value: None = None, negative_slope: 0 = 0.0, threshold: 0 = 0.0, **kwargs: Layer) -> relu
ReLU(max_value: 6 = None, negative_slope: 0 = 0.0, threshold: 0 = 0.0, **kwargs: Layer) -> relu6
ReLU(max_value: None = None, negative_slope: slope = 0.0, threshold: 0 = 0.0, **kwargs: Layer) -> leaky_relu
LeakyReLU(negative_slope: slope = 0.3, **kwargs: Layer) -> leaky_relu
PReLU(alpha_initializer: "zeros" | "Zeros" = "Zeros", alpha_regularizer: training = None,
       alpha_constraint: training = None, shared_axes: (1, 2) = None, **kwargs: Layer) -> prelu channelwise init=0
ELU(alpha: alpha = 1.0, **kwargs: Layer) -> elu
Softmax(axis: -1 | 3 = -1, **kwargs: Layer) -> softmax

Rescaling(scale: by, offset: 0 = 0.0, **kwargs: Layer) -> times
Flatten(data_format: layout = None, **kwargs: Layer) -> flatten
Reshape(target_shape: shape,
       **kwargs: Layer) -> reshape, but Keras fills a map pixel by pixel, and reshape channel by channel
ZeroPadding2D(padding: sides(P) = (1, 1), data_format: layout = None, **kwargs: Layer) -> pad
Cropping2D(cropping: sides(P) = ((0, 0), (0, 0)), data_format: layout = None, **kwargs: Layer) -> crop
UpSampling2D(size: factor = (2, 2), data_format: layout = None, interpolation: "nearest" = "nearest",
       **kwargs: Layer) -> upsample
UpSampling2D(size: factor = (2, 2), data_format: layout = None, interpolation: "bilinear" = "nearest",
       **kwargs: Layer) -> upsample bilinear

Add(**kwargs: Layer) -> add
Subtract(**kwargs: Layer) -> sub
Multiply(**kwargs: Layer) -> mul
Maximum(**kwargs: Layer) -> maximum
Concatenate(axis: nhwc_axis(axis) = -1, **kwargs: Layer) -> concat
Concatenate(axis: 1 = -1, **kwargs: Layer) -> concat, or on a map concat axis=H
""",
    ACTIVATIONS,
    RENAMED,
    {"Conv2DTranspose": fill_strides("kernel_size", "strides", "dilation_rate")},
)
"""The classes of keras.layers, which all take the arguments of `Layer`."""

KERAS_1: Table = read_table(
    """
Layer(*, activation: activation = None, use_bias: bias = True, padding: P = "valid", data_format: layout = None,
       kernel_initializer: training = "glorot_uniform", kernel_regularizer: training = None, name: name = None,
       bias_regularizer: training = None, input_shape: input = None, dilation_rate: D = (1, 1), groups: G = 1) ->
Convolution2D(filters: K, nb_row: text, nb_col: text, *, strides: S = (1, 1),
       **kwargs: Layer) -> conv F={nb_row}x{nb_col}, but in Keras 2 the third value is the stride
Convolution2D(filters: K, kernel_size: F, *, strides: S = (1, 1), **kwargs: Layer) -> conv
""",
    ACTIVATIONS,
    RENAMED,
)
"""The convolution as Keras 1 has it, with two numbers for its window, and as Keras 2 and 3 have it."""

KERAS: Table = {
    **CLASSES,
    **KERAS_1,
    **{alias: CLASSES[name] for alias, name in ALIASES.items()},
}
"""The classes by all their names."""

JOINS: Table = read_table(
    """
add(inputs: value) -> add
subtract(inputs: value) -> sub
multiply(inputs: value) -> mul
maximum(inputs: value) -> maximum
concatenate(inputs: value, axis: nhwc_axis(axis) = -1) -> concat
concatenate(inputs: value, axis: 1 = -1) -> concat, or on a map concat axis=H
"""
)
"""The functions of keras.layers that call a class at once."""
