"""normalize: how pixels become the network's input, `normalize mean_std`; fitted on the training part alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from specnet.attributes import Setting


class Normalization(Setting):
    """How pixels become numbers around 0; `reads_bytes` says whether it counts on pixels of 0 to 255."""

    reads_bytes: ClassVar[bool] = True


class MeanStd(Normalization):
    """Each channel to mean 0 and standard deviation 1."""

    reads_bytes = False


class UnitScale(Normalization):
    """From 0..255 to 0..1."""


class MeanImage(Normalization):
    """To 0..1, less the mean of all training images at each pixel."""


class PerImage(Normalization):
    """Each image to mean 0 and standard deviation 1, over all its pixels and channels."""

    reads_bytes = False


class Unchanged(Normalization):
    """The pixels as they are, 0 to 255."""

    reads_bytes = False


class ImageNet(Normalization):
    """From 0..1 less the mean of ImageNet's channels over their standard deviation, as torchvision's weights expect."""


class Caffe(Normalization):
    """From 0..255 less the mean of ImageNet's channels, blue first and red last, as Keras's VGG and ResNet expect."""


class Symmetric(Normalization):
    """From 0..255 to −1..1, as Keras's MobileNet expects."""


Normalize = MeanStd | UnitScale | MeanImage | PerImage | Unchanged | ImageNet | Caffe | Symmetric
"""All ways to map pixels of 0 to 255 to the network's input."""

CHOICES: Mapping[str, type[Normalize]] = {
    "mean_std": MeanStd,
    "scale": UnitScale,
    "mean_image": MeanImage,
    "per_image": PerImage,
    "none": Unchanged,
    "imagenet": ImageNet,
    "caffe": Caffe,
    "symmetric": Symmetric,
}
