"""The functions of tf.nn, tf.layers (TensorFlow 1) and slim, and what they mean here: see meaning.py for the rows.

What an `arg_scope` around a call of slim sets cannot be seen from the call. `tf.nn.conv2d` takes a variable, whose
shape is elsewhere, and so has no row. The `output_padding` of a transposed convolution is never given, but computed.
"""

from __future__ import annotations

from specnet.foreign.keras_layers import ACTIVATIONS, fill_strides
from specnet.foreign.meaning import Table, read_table

FUNCTIONS: Table = read_table(
    """
max_pool(input: value, ksize: nhwc(F), strides: nhwc(S), padding: P, data_format: layout = None,
       name: name = None) -> pool max
max_pool2d(input: value, ksize: nhwc(F), strides: nhwc(S), padding: P, data_format: layout = "NHWC",
       name: name = None) -> pool max
avg_pool(input: value, ksize: nhwc(F), strides: nhwc(S), padding: P, data_format: layout = None,
       name: name = None) -> pool avg
avg_pool2d(input: value, ksize: nhwc(F), strides: nhwc(S), padding: P, data_format: layout = "NHWC",
       name: name = None) -> pool avg
relu(features: value, name: name = None) -> relu
relu6(features: value, name: name = None) -> relu6
leaky_relu(features: value, alpha: slope = 0.2, name: name = None) -> leaky_relu
elu(features: value, name: name = None) -> elu
selu(features: value, name: name = None) -> selu
gelu(features: value, approximate: False = False, name: name = None) -> gelu
gelu(features: value, approximate: True = False, name: name = None) -> gelu approximate=tanh
silu(features: value) -> silu
swish(features: value) -> silu
sigmoid(x: value, name: name = None) -> sigmoid
tanh(x: value, name: name = None) -> tanh
softmax(logits: value, axis: -1 | 3 | None = None, name: name = None) -> softmax
dropout(x: value, *, rate: p, noise_shape: None = None, seed: unread = None, name: name = None) -> dropout
dropout(x: value, *, keep_prob: 1 - p, noise_shape: None = None, seed: unread = None, name: name = None) -> dropout
dropout(x: value, rate: p) -> dropout, but in TensorFlow 1 the second value is the probability of being kept
local_response_normalization(input: value, depth_radius: text = 5, bias: k = 1.0, alpha: text = 1.0, beta: beta = 0.5,
       name: name = None) -> lrn n=2*{depth_radius}+1 alpha={alpha}*(2*{depth_radius}+1)
lrn(input: value, depth_radius: text = 5, bias: k = 1.0, alpha: text = 1.0, beta: beta = 0.5,
       name: name = None) -> lrn n=2*{depth_radius}+1 alpha={alpha}*(2*{depth_radius}+1)
"""
)
"""tf.nn: its strides and windows are those of N×H×W×C."""

LAYERS: Table = read_table(
    """
Layer(*, activity_regularizer: training = None, trainable: unread = True, name: name = None, reuse: unread = None,
       data_format: layout = "channels_last", kernel_initializer: training = None, bias_initializer: training = None,
       kernel_regularizer: training = None, bias_regularizer: training = None, kernel_constraint: training = None,
       bias_constraint: training = None) ->
conv2d(inputs: value, filters: K, kernel_size: F, strides: S = (1, 1), padding: P = "valid",
       data_format: layout = "channels_last", dilation_rate: D = (1, 1), activation: activation = None,
       use_bias: bias = True, **kwargs: Layer) -> conv
conv2d_transpose(inputs: value, filters: K, kernel_size: F, strides: S = (1, 1), padding: P = "valid",
       data_format: layout = "channels_last", activation: activation = None, use_bias: bias = True, *,
       output_padding: OP = None, **kwargs: Layer) -> deconv
max_pooling2d(inputs: value, pool_size: F, strides: S, padding: P = "valid", data_format: layout = "channels_last",
       name: name = None) -> pool max
average_pooling2d(inputs: value, pool_size: F, strides: S, padding: P = "valid",
       data_format: layout = "channels_last", name: name = None) -> pool avg
dense(inputs: value, units: K, activation: activation = None, use_bias: bias = True,
       **kwargs: Layer) -> fc, or on a map conv F=1
dropout(inputs: value, rate: p = 0.5, noise_shape: None = None, seed: unread = None, training: unread = False,
       name: name = None) -> dropout
flatten(inputs: value, name: name = None, data_format: layout = "channels_last") -> flatten
batch_normalization(inputs: value, axis: -1 | 3 = -1, momentum: 1 - momentum = 0.99, epsilon: eps = 1e-3,
       center: True = True, scale: True = True, training: unread = False, fused: unread = None, renorm: False = False,
       **kwargs: Layer) -> bn
""",
    ACTIVATIONS,
    completions={"conv2d_transpose": fill_strides("kernel_size", "strides")},
)
"""tf.layers and tf.compat.v1.layers."""

SLIM: Table = read_table(
    """
Layer(*, normalizer_params: None = None, weights_initializer: training = None, weights_regularizer: training = None,
       biases_initializer: training = "zeros", biases_regularizer: training = None, reuse: unread = None,
       variables_collections: unread = None, outputs_collections: unread = None, trainable: unread = True,
       scope: name = None) ->
conv2d(inputs: value, num_outputs: K, kernel_size: F, stride: S = 1, padding: P = "SAME", data_format: layout = None,
       rate: D = 1, activation_fn: activation = "relu", normalizer_fn: None = None, **kwargs: Layer) -> conv
conv2d(inputs: value, num_outputs: K, kernel_size: F, stride: S = 1, padding: P = "SAME", data_format: layout = None,
       rate: D = 1, activation_fn: activation = "relu", normalizer_fn: "slim.batch_norm" = None,
       **kwargs: Layer) -> conv bias=no -> bn momentum=0.001 eps=1e-3, but the bn of slim learns no scale
conv2d_transpose(inputs: value, num_outputs: K, kernel_size: F, stride: S = 1, padding: P = "SAME",
       data_format: layout = None, activation_fn: activation = "relu", normalizer_fn: None = None, *,
       output_padding: OP = None, **kwargs: Layer) -> deconv
separable_conv2d(inputs: value, num_outputs: None, kernel_size: F, depth_multiplier: 1 | None = 1, stride: S = 1,
       padding: P = "SAME", data_format: layout = None, rate: D = 1, activation_fn: activation = "relu",
       normalizer_fn: None = None, **kwargs: Layer) -> conv K=C G=C
separable_conv2d(inputs: value, num_outputs: K, kernel_size: first.F, depth_multiplier: 1 | None = 1,
       stride: first.S = 1, padding: first.P = "SAME", data_format: layout = None, rate: first.D = 1,
       activation_fn: activation = "relu", normalizer_fn: None = None,
       **kwargs: Layer) -> conv K=C G=C bias=no -> conv F=1
max_pool2d(inputs: value, kernel_size: F, stride: S = 2, padding: P = "VALID", data_format: layout = "NHWC",
       outputs_collections: unread = None, scope: name = None) -> pool max
avg_pool2d(inputs: value, kernel_size: F, stride: S = 2, padding: P = "VALID", data_format: layout = "NHWC",
       outputs_collections: unread = None, scope: name = None) -> pool avg
fully_connected(inputs: value, num_outputs: K, activation_fn: activation = "relu", normalizer_fn: None = None,
       **kwargs: Layer) -> fc, or on a map conv F=1
dropout(inputs: value, keep_prob: 1 - p = 0.5, noise_shape: None = None, is_training: unread = True,
       outputs_collections: unread = None, scope: name = None, seed: unread = None) -> dropout
flatten(inputs: value, outputs_collections: unread = None, scope: name = None) -> flatten
softmax(logits: value, scope: name = None) -> softmax
batch_norm(inputs: value, decay: 1 - momentum = 0.999, center: True = True, scale: True = False, epsilon: eps = 1e-3,
       activation_fn: activation = None, is_training: unread = True, **kwargs: Layer) -> bn
""",
    ACTIVATIONS,
    completions={"conv2d_transpose": fill_strides("kernel_size", "stride")},
)
"""tf.contrib.slim, tf_slim: convolutions and fully connected layers have a ReLU unless the call says otherwise."""
