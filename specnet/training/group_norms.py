"""Group normalisation of channels-last maps that need no gradient, whose backward pass crashes the process on a CPU.

So do those of images, and those behind frozen layers (torch 2.13). Maps in the other order are right.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


def copy_inputs_without_gradient(module: nn.Module) -> None:
    """Let the group normalisations in a module copy an input that needs no gradient into the order N×C×H×W."""
    for part in module.modules():
        if isinstance(part, nn.GroupNorm):
            part.forward = partial(_normalise, part.forward)  # type: ignore[method-assign]


def _normalise(forward: Callable[[Tensor], Tensor], input: Tensor) -> Tensor:
    """Return the output of a group normalisation's `forward`; of one channel, `contiguous` would keep the strides."""
    return forward(input if input.requires_grad else input.clone(memory_format=torch.contiguous_format))
