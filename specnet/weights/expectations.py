"""What published weights expect: how images are normalised, and the eps of bn.

The file itself does not say. Networks with 1,000 outputs were trained on ImageNet, whose images torchvision, timm and
pytorchcv normalise alike, and Keras in one of three ways by the family of networks, which its names of layers tell
(keras.applications, `preprocess_input` of each family).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from torch import nn

from specnet.weights.matching import Match

IMAGENET = {1000, 1001, 21841, 21843}
"""The numbers of classes of ImageNet."""

KERAS = (
    ("block1_conv1", "caffe", 1e-3),  # VGG
    ("conv2_block1_3_conv", "caffe", 1.001e-5),  # ResNet
    ("conv2_block1_2_conv", "imagenet", 1.001e-5),  # DenseNet
    ("conv_dw_1|expanded_conv_depthwise", "symmetric", 1e-3),  # MobileNet
    (r"block1a_dwconv|convnext_\w+_head_dense", "imagenet", 1e-3),  # EfficientNet, ConvNeXt, in layers of their own
)
"""A layer that a family of Keras's networks has, its normalisation and its eps of bn; the first found counts."""


class Expectations(NamedTuple):
    """A word for the line `normalize` with the reason, and a sentence about eps; empty if nothing is known."""

    normalize: str = ""
    reason: str = ""
    eps: str = ""


def find_expectations(match: Match, module: nn.Module) -> Expectations:
    """Return what the weights of a file expect, as far as it is known."""
    weights = [layer.tensors["weight"] for layer in match.weights.layers if "weight" in layer.tensors]
    if match.by_name or not any(tensor.shape[0] in IMAGENET for tensor in weights if tensor.ndim > 1):
        return Expectations()
    if match.weights.layout == "torch":
        return Expectations("imagenet", "weights for ImageNet from torchvision, timm and pytorchcv expect")
    names = [layer.name for layer in match.weights.layers]
    for pattern, word, eps in KERAS:
        if any(re.fullmatch(pattern, name) for name in names):
            return Expectations(word, "Keras's weights of this network expect", _compare_eps(eps, module))
    return Expectations()


def _compare_eps(expected: float, module: nn.Module) -> str:
    """Return a sentence if the network's bn have quite another eps."""
    found = next((part.eps for part in module.modules() if isinstance(part, nn.BatchNorm2d)), expected)
    if 0.5 < found / expected < 2:
        return ""
    return f"Keras's bn has eps={expected:g} in this network, and the spec has {found:g}: `default bn eps={expected:g}`"
