"""The layers of Caffe and what they mean here: see meaning.py for how to read the rows.

Pooling rounds the number of positions up, convolution rounds it down. `BatchNorm` only normalises; with a `Scale`
behind it that has a bias, both are one `bn` here. The fields are those of caffe.proto, of all `…_param` messages of a
layer together; `complete` puts heights and widths together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.foreign.meaning import Table, read_table

CAFFE: Table = read_table(
    """
Filters(*, weight_filler: training = None, bias_filler: training = None, engine: unread = None,
       force_nd_im2col: unread = False, axis: 1 = 1) ->

Convolution(*, num_output: K, kernel_size: F, stride: S = 1, pad: P = 0, dilation: D = 1, group: G = 1,
       bias_term: bias = True, **kwargs: Filters) -> conv
Deconvolution(*, num_output: K, kernel_size: F, stride: S = 1, pad: P = 0, dilation: D = 1, group: G = 1,
       bias_term: bias = True, **kwargs: Filters) -> deconv
DepthwiseConvolution(*, num_output: K, kernel_size: F, stride: S = 1, pad: P = 0, dilation: D = 1, group: unread = 1,
       bias_term: bias = True, **kwargs: Filters) -> conv G=C
InnerProduct(*, num_output: K, bias_term: bias = True, transpose: unread = False, **kwargs: Filters) -> fc

Pooling(*, pool: "MAX" | 0 = "MAX", kernel_size: F, stride: S = 1, pad: P = 0, global_pooling: False = False,
       round_mode: "CEIL" | 0 = "CEIL", engine: unread = None) -> pool max ceil
Pooling(*, pool: "MAX" | 0 = "MAX", kernel_size: F, stride: S = 1, pad: P = 0, global_pooling: False = False,
       round_mode: "FLOOR" | 1 = "CEIL", engine: unread = None) -> pool max
Pooling(*, pool: "AVE" | 1 = "MAX", kernel_size: F, stride: S = 1, pad: P = 0, global_pooling: False = False,
       round_mode: "CEIL" | 0 = "CEIL", engine: unread = None) -> pool avg ceil
Pooling(*, pool: "AVE" | 1 = "MAX", kernel_size: F, stride: S = 1, pad: P = 0, global_pooling: False = False,
       round_mode: "FLOOR" | 1 = "CEIL", engine: unread = None) -> pool avg
Pooling(*, pool: "MAX" | 0 = "MAX", global_pooling: True = False, stride: unread = 1, pad: unread = 0,
       round_mode: unread = "CEIL", engine: unread = None) -> pool max global
Pooling(*, pool: "AVE" | 1 = "MAX", global_pooling: True = False, stride: unread = 1, pad: unread = 0,
       round_mode: unread = "CEIL", engine: unread = None) -> pool avg global

BatchNorm(*, use_global_stats: unread = None, moving_average_fraction: 1 - momentum = 0.999, engine: unread = None,
       scale_bias: False = False, eps: eps = 1e-5) -> bn affine=no
Scale(*, axis: 1 = 1, num_axes: 1 = 1, filler: training = None, bias_term: bias = False,
       bias_filler: training = None) -> scale
LRN(*, local_size: n = 5, alpha: alpha = 1.0, beta: beta = 0.75, k: k = 1.0,
       norm_region: "ACROSS_CHANNELS" | 0 = "ACROSS_CHANNELS", engine: unread = None) -> lrn

ReLU(*, negative_slope: 0 = 0, engine: unread = None) -> relu
ReLU(*, negative_slope: slope = 0, engine: unread = None) -> leaky_relu
ReLU6(*, engine: unread = None) -> relu6
PReLU(*, filler: training = None, channel_shared: False = False) -> prelu channelwise
PReLU(*, filler: training = None, channel_shared: True = False) -> prelu
ELU(*, alpha: alpha = 1.0) -> elu
Sigmoid(*, engine: unread = None) -> sigmoid
TanH(*, engine: unread = None) -> tanh
Softmax(*, axis: 1 = 1, engine: unread = None) -> softmax
Dropout(*, dropout_ratio: p = 0.5) -> dropout
Power(*, power: 1 = 1.0, scale: by = 1.0, shift: 0 = 0.0) -> times

Flatten(*, axis: 1 = 1, end_axis: -1 = -1) -> flatten
ShuffleChannel(*, group: G = 1) -> shuffle
Eltwise(*, operation: "SUM" | 1 = "SUM", coeff: None = None, stable_prod_grad: unread = True) -> add
Eltwise(*, operation: "SUM" | 1 = "SUM", coeff: (1, -1), stable_prod_grad: unread = True) -> sub
Eltwise(*, operation: "PROD" | 0 = "SUM", coeff: None = None, stable_prod_grad: unread = True) -> mul
Eltwise(*, operation: "MAX" | 2 = "SUM", coeff: None = None, stable_prod_grad: unread = True) -> maximum
Concat(*, axis: nchw_axis(axis) = 1, concat_dim: 1 = 1) -> concat
"""
)
"""The layers by their types; those with weights take the fields of `Filters`, too."""

FORKS: Table = read_table(
    """
Filters(*, weight_filler: training = None, bias_filler: training = None, engine: unread = None,
       force_nd_im2col: unread = False, axis: 1 = 1) ->

ConvolutionDepthwise(*, num_output: K, kernel_size: F, stride: S = 1, pad: P = 0, dilation: D = 1, group: unread = 1,
       bias_term: bias = True, **kwargs: Filters) -> conv G=C
BatchNorm(*, use_global_stats: unread = None, moving_average_fraction: 1 - momentum = 0.999, engine: unread = None,
       scale_bias: True = False, eps: eps = 1e-5) -> bn
BN(*, bn_mode: unread = None, frozen: unread = False, momentum: 1 - momentum = 0.9, engine: unread = None,
       eps: eps = 1e-5) -> bn
Swish(*, beta: 1 = 1.0) -> silu
Mish() -> mish
GELU() -> gelu
SELU() -> selu
HSwish() -> hard_swish
HardSwish() -> hard_swish
HSigmoid() -> hard_sigmoid
Clip(*, min: 0 = None, max: 6 = None) -> relu6
MVN(*, normalize_variance: True = True, across_channels: False = False,
       eps: unread = 1e-9) -> instance_norm, but Caffe adds its eps to the deviation, and not to the variance
Normalize(*, across_spatial: False = True, channel_shared: False = True,
       eps: unread = 1e-10) -> rms_norm
Normalize(*, across_spatial: False = True, channel_shared: True = True,
       eps: unread = 1e-10) -> rms_norm, but Caffe has one factor for all channels
"""
)
"""Layers of forks, and of Caffe those that have a counterpart only nearly; nothing is written in these words."""

READ: Table = {kind: (*CAFFE.get(kind, ()), *FORKS.get(kind, ())) for kind in (*CAFFE, *FORKS)}
"""All layers that are read."""

NUMBERED: Mapping[str, str] = {
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
    "conv": "Convolution",
    "data": "Data",
    "dropout": "Dropout",
    "innerproduct": "InnerProduct",
    "lrn": "LRN",
    "pool": "Pooling",
    "relu": "ReLU",
    "softmax": "Softmax",
    "softmax_loss": "SoftmaxWithLoss",
    "concat": "Concat",
}
"""The types of old files, `layers { type: CONVOLUTION }`, and of the oldest, `layers { layer { type: "conv" } }`."""

DATA = frozenset({"Input", "Data", "ImageData", "HDF5Data", "MemoryData", "WindowData", "DummyData", "Python"})
"""Layers that give images; those of `Python` only if they read nothing."""

TRAINING = frozenset({"Accuracy", "Silence", "HDF5Output", "DetectionEvaluate", "SegAccuracy", "MultiAccuracy"})
"""Layers for training alone, besides all whose type ends in Loss."""

BOXES = frozenset({"PriorBox", "DetectionOutput", "Yolov3DetectionOutput", "YoloDetectionOutput", "RegionOutput"})
"""Layers that compute boxes from the output of a network, as a program may that uses it."""

REGIONS = frozenset({"Proposal", "ROIPooling", "ROIAlign", "PSROIPooling", "SmoothL1LossOHEM", "BoxAnnotatorOHEM"})
"""Layers that work on regions of an image that others propose."""

RECURRENT: Mapping[str, str] = dict.fromkeys(
    ("LSTM", "RNN", "GRU", "Recurrent", "Lstm", "LSTMUnit", "ContinuationIndicator"), "a spec has no such layer"
)
"""Layers with a state from one step to the next, and why they are refused."""

SETTINGS = frozenset(
    ("param", "blobs_lr", "weight_decay", "loss_weight", "include", "exclude", "phase", "propagate_down")
)
"""Fields of a layer that only training depends on."""

FIELDS = frozenset({"name", "type", "bottom", "top"}) | SETTINGS
"""Fields of a layer that are no parameters of its type."""

SIDES = (("kernel_size", "kernel"), ("stride", "stride"), ("pad", "pad"))
"""Fields for both sides, and the beginning of the fields for one, such as `kernel_h`."""


def complete(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a layer with heights and widths as pairs."""
    own = dict(parameters)
    for whole, side in SIDES:
        if f"{side}_h" in own or f"{side}_w" in own:
            both = own.get(whole, 1 if whole == "stride" else 0)
            own[whole] = own.pop(f"{side}_h", both), own.pop(f"{side}_w", both)
    if "ceil_mode" in own:  # of some forks
        own["round_mode"] = "CEIL" if own.pop("ceil_mode") else "FLOOR"
    return own
