"""The layers of torch.nn, the functions of torch, and what they mean here: see meaning.py for how to read the rows.

Both round the number of a window's positions down; here a line says `floor` where pixels stay unread for that.
"""

from __future__ import annotations

from specnet.foreign.meaning import Table, read_table

MODULES: Table = read_table(
    """
Conv2d(in_channels: channels, out_channels: K, kernel_size: F, stride: S = 1, padding: P = 0, dilation: D = 1,
       groups: G = 1, bias: bias = True, padding_mode: "zeros" = "zeros",
       device: unread = None, dtype: unread = None) -> conv
Conv2d(in_channels: channels, out_channels: K, kernel_size: F, stride: S = 1, padding: first.P = 0, dilation: D = 1,
       groups: G = 1, bias: bias = True, padding_mode: "reflect" = "zeros",
       device: unread = None, dtype: unread = None) -> pad reflect -> conv
Conv2d(in_channels: channels, out_channels: K, kernel_size: F, stride: S = 1, padding: first.P = 0, dilation: D = 1,
       groups: G = 1, bias: bias = True, padding_mode: "replicate" = "zeros",
       device: unread = None, dtype: unread = None) -> pad replicate -> conv
ConvTranspose2d(in_channels: channels, out_channels: K, kernel_size: F, stride: S = 1, padding: P = 0,
       output_padding: OP = 0, groups: G = 1, bias: bias = True, dilation: D = 1, padding_mode: "zeros" = "zeros",
       device: unread = None, dtype: unread = None) -> deconv
Linear(in_features: features, out_features: K, bias: bias = True, device: unread = None, dtype: unread = None) -> fc

MaxPool2d(kernel_size: F, stride: S = None, padding: P = 0, dilation: D = 1, return_indices: False = False,
       ceil_mode: ceil = False) -> pool max
AvgPool2d(kernel_size: F, stride: S = None, padding: P = 0, ceil_mode: ceil = False,
       count_include_pad: not exclude_padding = True, divisor_override: None = None) -> pool avg
AdaptiveAvgPool2d(output_size: 1 | (1, 1)) -> pool avg global
AdaptiveAvgPool2d(output_size: to) -> pool avg
AdaptiveMaxPool2d(output_size: 1 | (1, 1), return_indices: False = False) -> pool max global
AdaptiveMaxPool2d(output_size: to, return_indices: False = False) -> pool max

BatchNorm2d(num_features: channels, eps: eps = 1e-5, momentum: momentum = 0.1, affine: affine = True,
       track_running_stats: True = True, device: unread = None, dtype: unread = None, *, bias: True = True) -> bn
BatchNorm1d(num_features: channels, eps: eps = 1e-5, momentum: momentum = 0.1, affine: affine = True,
       track_running_stats: True = True, device: unread = None, dtype: unread = None, *, bias: True = True) -> bn
SyncBatchNorm(num_features: channels, eps: eps = 1e-5, momentum: momentum = 0.1, affine: affine = True,
       track_running_stats: True = True, process_group: unread = None, device: unread = None, dtype: unread = None,
       *, bias: True = True) -> bn
GroupNorm(num_groups: G, num_channels: channels, eps: eps = 1e-5, affine: affine = True,
       device: unread = None, dtype: unread = None, *, bias: True = True) -> gn
InstanceNorm2d(num_features: channels, eps: eps = 1e-5, momentum: unread = 0.1, affine: affine = False,
       track_running_stats: False = False, device: unread = None, dtype: unread = None,
       *, bias: True = True) -> instance_norm
LayerNorm(normalized_shape: vector, eps: eps = 1e-5, elementwise_affine: affine = True, bias: True = True,
       device: unread = None, dtype: unread = None) -> ln
RMSNorm(normalized_shape: vector, eps: None = None, elementwise_affine: affine = True,
       device: unread = None, dtype: unread = None) -> rms_norm eps=1.1920929e-07
RMSNorm(normalized_shape: vector, eps: eps = None, elementwise_affine: affine = True,
       device: unread = None, dtype: unread = None) -> rms_norm
MultiheadAttention(embed_dim: channels, num_heads: heads, dropout: 0.0 = 0.0, bias: True = True,
       add_bias_kv: False = False, add_zero_attn: False = False, kdim: None = None, vdim: None = None,
       batch_first: unread = False, device: unread = None, dtype: unread = None) -> attention
LocalResponseNorm(size: n, alpha: alpha = 1e-4, beta: beta = 0.75, k: k = 1.0) -> lrn

Dropout(p: p = 0.5, inplace: unread = False) -> dropout
Dropout2d(p: p = 0.5, inplace: unread = False) -> dropout, but it zeroes single elements, and Dropout2d whole channels
AlphaDropout(p: p = 0.5, inplace: unread = False) -> dropout, but AlphaDropout keeps mean and variance

ReLU(inplace: unread = False) -> relu
ReLU6(inplace: unread = False) -> relu6
LeakyReLU(negative_slope: slope = 0.01, inplace: unread = False) -> leaky_relu
PReLU(num_parameters: 1 = 1, init: init = 0.25, device: unread = None, dtype: unread = None) -> prelu
PReLU(num_parameters: channels = 1, init: init = 0.25, device: unread = None,
       dtype: unread = None) -> prelu channelwise
RReLU(lower: unread = 0.125, upper: unread = 0.3333333333333333,
       inplace: unread = False) -> leaky_relu slope=0.23, but RReLU draws its slope at random in training
ELU(alpha: alpha = 1.0, inplace: unread = False) -> elu
CELU(alpha: 1.0 = 1.0, inplace: unread = False) -> elu
SELU(inplace: unread = False) -> selu
GELU(approximate: approximate = "none") -> gelu
SiLU(inplace: unread = False) -> silu
Mish(inplace: unread = False) -> mish
Hardswish(inplace: unread = False) -> hard_swish
Hardsigmoid(inplace: unread = False) -> hard_sigmoid
Hardtanh(min_val: 0 = -1.0, max_val: 6 = 1.0, inplace: unread = False, min_value: None = None,
       max_value: None = None) -> relu6
Sigmoid(*args: unread, **kwargs: unread) -> sigmoid
Tanh(*args: unread, **kwargs: unread) -> tanh
Softmax(dim: 1 | None = None) -> softmax
Softmax(dim: -1 = None) -> softmax, but on a map dim=-1 is the width, and softmax here is over the channels
Softmax2d(*args: unread, **kwargs: unread) -> softmax
LogSoftmax(dim: 1 | -1 | None = None) -> softmax, but `loss cross_entropy` applies LogSoftmax itself: leave it out

Flatten(start_dim: 1 = 1, end_dim: -1 | 3 = -1) -> flatten
Unflatten(dim: 1 | -1, unflattened_size: channels_last(shape)) -> reshape
Identity(*args: unread, **kwargs: unread) -> identity
ZeroPad2d(padding: edges(P)) -> pad
ConstantPad2d(padding: edges(P), value: 0) -> pad
ReflectionPad2d(padding: edges(P)) -> pad reflect
ReplicationPad2d(padding: edges(P)) -> pad replicate
PixelShuffle(upscale_factor: factor) -> depth_to_space
PixelUnshuffle(downscale_factor: factor) -> space_to_depth
ChannelShuffle(groups: G) -> shuffle
Upsample(size: to = None, scale_factor: factor = None, mode: "nearest" = "nearest", align_corners: None = None,
       recompute_scale_factor: unread = None) -> upsample
Upsample(size: to = None, scale_factor: factor = None, mode: "nearest-exact" = "nearest", align_corners: None = None,
       recompute_scale_factor: unread = None) -> upsample nearest_exact
Upsample(size: to = None, scale_factor: factor = None, mode: "bilinear" = "nearest",
       align_corners: align_corners = None, recompute_scale_factor: unread = None) -> upsample bilinear
Upsample(size: to = None, scale_factor: factor = None, mode: "bicubic" = "nearest",
       align_corners: align_corners = None, recompute_scale_factor: unread = None) -> upsample bicubic
UpsamplingNearest2d(size: to = None, scale_factor: factor = None) -> upsample
UpsamplingBilinear2d(size: to = None, scale_factor: factor = None) -> upsample bilinear align_corners
"""
)
"""The classes of torch.nn."""

FUNCTIONS: Table = read_table(
    """
relu(input: value, inplace: unread = False) -> relu
relu6(input: value, inplace: unread = False) -> relu6
leaky_relu(input: value, negative_slope: slope = 0.01, inplace: unread = False) -> leaky_relu
elu(input: value, alpha: alpha = 1.0, inplace: unread = False) -> elu
selu(input: value, inplace: unread = False) -> selu
gelu(input: value, approximate: approximate = "none") -> gelu
silu(input: value, inplace: unread = False) -> silu
mish(input: value, inplace: unread = False) -> mish
hardswish(input: value, inplace: unread = False) -> hard_swish
hardsigmoid(input: value, inplace: unread = False) -> hard_sigmoid
sigmoid(input: value) -> sigmoid
tanh(input: value) -> tanh
softmax(input: value, dim: 1 | None = None, _stacklevel: unread = 3, dtype: unread = None) -> softmax
softmax(input: value, dim: -1 = None, _stacklevel: unread = 3,
       dtype: unread = None) -> softmax, but on a map dim=-1 is the width, and softmax here is over the channels
log_softmax(input: value, dim: 1 | -1 | None = None, _stacklevel: unread = 3,
       dtype: unread = None) -> softmax, but `loss cross_entropy` applies log_softmax itself: leave it out
dropout(input: value, p: p = 0.5, training: unread = True, inplace: unread = False) -> dropout
max_pool2d(input: value, kernel_size: F, stride: S = None, padding: P = 0, dilation: D = 1, ceil_mode: ceil = False,
       return_indices: False = False) -> pool max
avg_pool2d(input: value, kernel_size: F, stride: S = None, padding: P = 0, ceil_mode: ceil = False,
       count_include_pad: not exclude_padding = True, divisor_override: None = None) -> pool avg
adaptive_avg_pool2d(input: value, output_size: 1 | (1, 1)) -> pool avg global
adaptive_avg_pool2d(input: value, output_size: to) -> pool avg
adaptive_max_pool2d(input: value, output_size: 1 | (1, 1), return_indices: False = False) -> pool max global
adaptive_max_pool2d(input: value, output_size: to, return_indices: False = False) -> pool max
interpolate(input: value, size: to = None, scale_factor: factor = None, mode: "nearest" = "nearest",
       align_corners: None = None, recompute_scale_factor: unread = None, antialias: False = False) -> upsample
interpolate(input: value, size: to = None, scale_factor: factor = None, mode: "bilinear" = "nearest",
       align_corners: align_corners = None, recompute_scale_factor: unread = None,
       antialias: False = False) -> upsample bilinear
interpolate(input: value, size: to = None, scale_factor: factor = None, mode: "bicubic" = "nearest",
       align_corners: align_corners = None, recompute_scale_factor: unread = None,
       antialias: False = False) -> upsample bicubic
pad(input: value, pad: edges(P), mode: "constant" = "constant", value: 0 | None = None) -> pad
pad(input: value, pad: edges(P), mode: "reflect" = "constant", value: None = None) -> pad reflect
pad(input: value, pad: edges(P), mode: "replicate" = "constant", value: None = None) -> pad replicate
pixel_shuffle(input: value, upscale_factor: factor) -> depth_to_space
pixel_unshuffle(input: value, downscale_factor: factor) -> space_to_depth
channel_shuffle(input: value, groups: G) -> shuffle
flatten(input: value, start_dim: 1 = 0, end_dim: -1 = -1) -> flatten
cat(tensors: value, dim: nchw_axis(axis) = 0, *, out: None = None) -> concat
cat(tensors: value, dim: -1 = 0, *, out: None = None) -> concat, or on a map concat axis=W
add(input: value, other: value, *, alpha: 1 = 1, out: None = None) -> add
sub(input: value, other: value, *, alpha: 1 = 1, out: None = None) -> sub
subtract(input: value, other: value, *, alpha: 1 = 1, out: None = None) -> sub
mul(input: value, other: value, *, out: None = None) -> mul
multiply(input: value, other: value, *, out: None = None) -> mul
maximum(input: value, other: value, *, out: None = None) -> maximum
max(input: value, other: value, *, out: None = None) -> maximum
"""
)
"""The functions of torch and of torch.nn.functional."""

JOINING = frozenset(
    f"torch.{name}"
    for name, (row, *_) in FUNCTIONS.items()
    if sum(parameter.word == "value" for parameter in row.parameters) > 1
)
"""The functions that join the values of several arguments."""

METHODS: Table = read_table(
    """
view(batch: unread, elements: -1) -> flatten
view(batch: -1, elements: features) -> flatten
reshape(batch: unread, elements: -1) -> flatten
reshape(batch: -1, elements: features) -> flatten
flatten(start_dim: 1 = 0, end_dim: -1 = -1) -> flatten
flatten(start_dim: 2, end_dim: -1 = -1) -> tokens -> permute CL
transpose(dim0: 1, dim1: 2) -> permute CL
mean(dim: (2, 3) | (-2, -1) | (-1, -2), keepdim: False = False) -> pool avg global -> flatten
mean(dim: (2, 3) | (-2, -1) | (-1, -2), keepdim: True = False) -> pool avg global
squeeze(dim: unread = None) -> flatten, but squeeze leaves out sizes of 1, and flatten makes a vector
contiguous() -> identity
relu() -> relu
sigmoid() -> sigmoid
tanh() -> tanh
softmax(dim: 1) -> softmax
"""
)
"""The methods of torch.Tensor, for networks' `forward`."""
