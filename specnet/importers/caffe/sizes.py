"""The sizes that Caffe itself computes for its windows: conv_layer.cpp, deconv_layer.cpp and pooling_layer.cpp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.foreign.values import make_pair
from specnet.layers.base import Shape, Shapes, is_map


def compute_size(kind: str, parameters: Mapping[str, Any], inputs: Shapes) -> Shape | None:
    """Return the output of a layer with a window, as Caffe computes it; None for layers of other kinds."""
    if not inputs or not is_map(inputs[0]) or parameters.get("global_pooling"):
        return None
    rows, columns, channels = inputs[0]
    window = [make_pair(parameters.get(key, default)) for key, default in _KEYS]
    if not all(isinstance(side, int) for pair in window for side in pair):
        return None
    axes = [_Axis(size, *(pair[place] for pair in window)) for place, size in enumerate((rows, columns))]
    match kind:
        case "Convolution" | "ConvolutionDepthwise" | "DepthwiseConvolution":
            return axes[0].convolve(), axes[1].convolve(), parameters.get("num_output", channels)
        case "Deconvolution":
            return axes[0].deconvolve(), axes[1].deconvolve(), parameters.get("num_output", channels)
        case "Pooling":
            is_up = parameters.get("round_mode", "CEIL") in ("CEIL", 0)
            return axes[0].pool(is_up, axes), axes[1].pool(is_up, axes), channels
    return None


_KEYS = (("kernel_size", 1), ("stride", 1), ("pad", 0), ("dilation", 1))


class _Axis:
    def __init__(self, size: int, kernel: int, stride: int, pad: int, dilation: int) -> None:
        self.size, self.kernel, self.stride, self.pad, self.dilation = size, kernel, max(1, stride), pad, dilation

    def convolve(self) -> int:
        slack = self.size + 2 * self.pad - (self.dilation * (self.kernel - 1) + 1)
        return int(slack / self.stride) + 1  # C++ divides towards zero

    def deconvolve(self) -> int:
        return self.stride * (self.size - 1) + self.dilation * (self.kernel - 1) + 1 - 2 * self.pad

    def pool(self, is_up: bool, axes: list[_Axis]) -> int:
        """Return the positions; a last window that begins in the padding is dropped, if any axis is padded."""
        slack = self.size + 2 * self.pad - self.kernel
        pooled = (-(-slack // self.stride) if is_up else slack // self.stride) + 1
        is_padded = any(axis.pad for axis in axes)
        return pooled - 1 if is_padded and (pooled - 1) * self.stride >= self.size + self.pad else pooled
