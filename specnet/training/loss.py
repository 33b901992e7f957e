"""The loss in torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torch.nn.functional import cross_entropy

from specnet.settings import loss as settings

Loss = Callable[[Tensor, Tensor], Tensor]
"""From float outputs B×classes and labels B to the mean loss of the batch."""


def loss(setting: settings.Loss) -> Loss:
    match setting:
        case settings.CrossEntropy(smoothing=smoothing):
            return partial(cross_entropy, label_smoothing=smoothing)
    raise TypeError(f"no such loss: {setting!r}")
