"""Convolutions of maps that are narrower than the stride, which the bf16 kernels of CPUs get wrong.

The gradient of their weights holds what memory held before, infinities among it, or the process crashes (torch 2.13 on
processors with avx512_bf16): 3×3 filters with stride 2 on a map of one column, for example. Only the width matters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
Transposed = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d


def compute_narrow_in_fp32(module: nn.Module) -> None:
    """Let the convolutions in a module leave autocast on a CPU wherever a map is narrower than their stride."""
    for part in module.modules():
        if isinstance(part, Convolution | Transposed) and part.stride[-1] > 1:
            part.forward = partial(_convolve, part, part.forward)  # type: ignore[method-assign]


def _convolve(part: Convolution | Transposed, forward: Callable[..., Tensor], input: Tensor, *rest: Any) -> Tensor:
    """Return the output of a convolution's `forward` for an input of shape (B×)C×…×W."""
    if _measure_map(part, input.shape[-1]) >= part.stride[-1]:
        return forward(input, *rest)
    with torch.autocast("cpu", enabled=False):
        return forward(input.float(), *rest)


def _measure_map(part: Convolution | Transposed, width: int) -> int:
    """Return the width of the larger of a convolution's two maps: its input, or the output of a transposed one."""
    if isinstance(part, Convolution):
        return width
    reach = part.dilation[-1] * (part.kernel_size[-1] - 1) + 1
    return (width - 1) * part.stride[-1] - 2 * int(part.padding[-1]) + reach + part.output_padding[-1]
