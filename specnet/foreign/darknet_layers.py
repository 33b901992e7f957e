"""The sections of Darknet's configurations (pjreddie's and AlexeyAB's) and what they mean here: see meaning.py.

With `batch_normalize` a convolution has no bias of its own. The running statistics take 0.01 of each batch. `pad=1`
pads by half the window, times the dilation, and a maxpool by its size less one in all, so that ceil(N/S) is left:
`complete` fills both in. A local_avgpool divides by the pixels that are in the map. A softmax is one over all values of
a map unless it is `spatial`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.foreign.meaning import Table, read_table
from specnet.foreign.values import Expression, are_whole

ACTIVATIONS: Mapping[str, str] = {
    "linear": "",
    "leaky": "leaky_relu slope=0.1",
    "logistic": "sigmoid",
    "relu": "relu",
    "relu6": "relu6",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu approximate=tanh",
    "mish": "mish",
    "swish": "silu",
    "relie": "leaky_relu",
    "loggy": "times 0.5 -> tanh",
    "tanh": "tanh",
}
"""Darknet's names of activations."""

COMPOSED: Mapping[str, tuple[str, ...]] = {"ramp": ("relu", "times 0.1")}
"""Activations that are the sum of several layers of the same value."""

REORG = " -> ".join((
    "reshape ({stride}*H)x({stride}*W)x(C//({stride}*{stride}))",
    "space_to_depth {stride} order=HWC",
    "reshape (H//{stride})x(W//{stride})x(C*{stride}*{stride})",
))  # fmt: skip
"""Darknet's first `reorg`, which reads a map as one of larger sides and fewer channels."""

DARKNET: Table = read_table(
    """
Section(*, stopbackward: unread = 0, dontload: unread = 0, dontloadscales: unread = 0, burnin_update: unread = 0,
       train_only_bn: unread = 0, learning_rate: training = 0) ->
Convolution(*, binary: 0 = 0, xnor: 0 = 0, bin_output: unread = 0, flipped: unread = 0, dot: unread = 0,
       antialiasing: 0 = 0, assisted_excitation: unread = 0, share_index: None = None, sway: 0 = 0, rotate: 0 = 0,
       stretch: 0 = 0, stretch_sway: 0 = 0, coordconv: 0 = 0, stopbackward: unread = 0, dontload: unread = 0,
       dontloadscales: unread = 0, burnin_update: unread = 0, train_only_bn: unread = 0,
       learning_rate: training = 0) ->

net(*, height: text, width: text, channels: text) -> input {height}x{width}x{channels}

convolutional(*, filters: K = 1, size: F = 1, stride: S = 1, padding: P = 0, dilation: D = 1, groups: G = 1,
       batch_normalize: 0 = 0, activation: activation = "logistic", **kwargs: Convolution) -> conv
convolutional(*, filters: K = 1, size: F = 1, stride: S = 1, padding: P = 0, dilation: D = 1, groups: G = 1,
       batch_normalize: 1 = 0, activation: activation = "logistic",
       **kwargs: Convolution) -> conv bias=no -> bn momentum=0.01 eps=1e-6
deconvolutional(*, filters: K = 1, size: F = 1, stride: S = 1, padding: P = 0, batch_normalize: 0 = 0,
       activation: activation = "logistic", **kwargs: Section) -> deconv
deconvolutional(*, filters: K = 1, size: F = 1, stride: S = 1, padding: P = 0, batch_normalize: 1 = 0,
       activation: activation = "logistic", **kwargs: Section) -> deconv bias=no -> bn momentum=0.01 eps=1e-6
connected(*, output: K = 1, batch_normalize: 0 = 0, activation: activation = "logistic", **kwargs: Section) -> fc
connected(*, output: K = 1, batch_normalize: 1 = 0, activation: activation = "logistic",
       **kwargs: Section) -> fc bias=no -> bn momentum=0.01 eps=1e-6
batchnorm(**kwargs: Section) -> bn momentum=0.01 eps=1e-6
activation(*, activation: activation = "linear", **kwargs: Section) ->
logistic(**kwargs: Section) -> sigmoid
softmax(*, groups: 1 = 1, temperature: 1 = 1, tree: None = None, spatial: 0 = 0, noloss: unread = 0,
       **kwargs: Section) -> softmax, or on a wide map flatten -> softmax
softmax(*, groups: 1 = 1, temperature: 1 = 1, tree: None = None, spatial: 1 = 0, noloss: unread = 0,
       **kwargs: Section) -> softmax
dropout(*, probability: p = 0.5, dropblock: 0 = 0, **kwargs: Section) -> dropout
normalization(*, size: text = 5, alpha: text = 1e-4, beta: beta = 0.75, kappa: k = 1,
       **kwargs: Section) -> lrn n={size} alpha={alpha}*{size}

maxpool(*, size: F, stride: S, padding: P, maxpool_depth: 0 = 0, out_channels: unread = 1, antialiasing: 0 = 0,
       **kwargs: Section) -> pool max
local_avgpool(*, size: F, stride: S, padding: P, **kwargs: Section) -> pool avg exclude_padding
avgpool(**kwargs: Section) -> pool avg global
upsample(*, stride: factor = 2, scale: 1 = 1, **kwargs: Section) -> upsample
reorg(*, stride: text = 1, reverse: 0 = 0, flatten: 0 = 0, extra: 0 = 0,
       **kwargs: Section) -> REORG
reorg3d(*, stride: factor = 1, reverse: 0 = 0, flatten: 0 = 0, extra: 0 = 0,
       **kwargs: Section) -> space_to_depth order=HWC
crop(*, crop_height: text, crop_width: text, flip: unread = 0, angle: unread = 0, saturation: unread = 1,
       exposure: unread = 1, shift: unread = 0, noadjust: unread = 1,
       **kwargs: Section) -> crop to={crop_height}x{crop_width}, but in training Darknet varies the images

shortcut(*, activation: activation = "linear", weights_type: "none" = "none", weights_normalization: "none" = "none",
       alpha: 1 = 1, beta: 1 = 1, **kwargs: Section) -> add
scale_channels(*, scale_wh: 0 = 0, activation: activation = "linear", **kwargs: Section) -> mul
sam(*, activation: activation = "linear", **kwargs: Section) -> mul
route(*, part: None = None, groups: 1 = 1, group_id: unread = 0, onlyforward: unread = 0,
       **kwargs: Section) -> concat
route(*, part: text = None, groups: 1 = 1, group_id: unread = 0, onlyforward: unread = 0,
       **kwargs: Section) -> concat -> slice {part}
""".replace("REORG", REORG),
    activations=ACTIVATIONS,
)
"""The sections by their names; they take the options of `Section` or `Convolution`, too."""

REFERENCES: Mapping[str, tuple[str, bool]] = {
    "route": ("layers", False),
    "shortcut": ("from", True),
    "scale_channels": ("from", True),
    "sam": ("from", True),
}
"""The option that names the layers that a section reads, and whether it also reads the one above."""

OUTPUTS = frozenset({"cost", "yolo", "Gaussian_yolo", "region", "detection", "contrastive", "iseg", "logxent"})
"""Sections that compute a loss, or boxes, from the output of the one above."""


RECURRENT = frozenset({"rnn", "lstm", "gru", "crnn", "conv_lstm", "history"})
"""Sections with a state from one step to the next."""


def complete(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a section with those that Darknet computes: the padding of `pad`, and that of a maxpool."""
    own = dict(options)
    if not all(
        isinstance(own.get(name, 1), int) for name in ("size", "stride", "padding", "pad", "groups", "group_id")
    ):
        return own
    if kind in ("convolutional", "deconvolutional"):
        if own.pop("pad", 0):
            own["padding"] = own.get("size", 1) // 2
        if isinstance(dilation := own.get("dilation", 1), int) and "padding" in own:
            own["padding"] *= dilation
        if "stride_x" in own or "stride_y" in own:
            stride = own.get("stride", 1)
            own["stride"] = own.pop("stride_y", stride), own.pop("stride_x", stride)
    elif kind in ("maxpool", "local_avgpool"):
        stride = own.setdefault("stride", 1)
        size = own.setdefault("size", stride)
        whole = own.get("padding", size - 1)
        is_same = "padding" not in own and (stride == 1 or size == 2)
        own["padding"] = "same" if is_same else ((whole // 2, whole - whole // 2),) * 2
    elif kind == "route" and 0 <= own.get("group_id", 0) < own.get("groups", 1) > 1:
        own["part"] = _format_part(own.pop("group_id", 0), own.pop("groups"))
    return own


def list_losses(kind: str, options: Mapping[str, Any], inputs: int) -> list[str]:
    """Return in words what a section with so many inputs does that its options do not say."""
    size, dilation = options.get("size", 1), options.get("dilation", 1)
    padding = size // 2 if options.get("pad") and isinstance(size, int) else options.get("padding", 0)
    losses = list[str]()
    if kind == "convolutional" and dilation != 1 and are_whole(size, padding) and 2 * padding != size - 1:
        losses.append("the output's size leaves out `dilation` unless the padding is half the window")
    if kind == "route" and inputs > 1 and options.get("groups", 1) != 1:
        losses.append("`groups` takes a part of each layer, and `slice` here one of their concatenation")
    return losses


def _format_part(part: int, parts: int) -> Expression:
    """Return the channels of one of several equal parts: `C//2..C`."""
    edges = ["0", *(f"{i}*C//{parts}" if i > 1 else f"C//{parts}" for i in range(1, parts)), "C"]
    return Expression(f"{edges[part]}..{edges[part + 1]}")
