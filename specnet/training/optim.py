"""The optimizer in torch."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import Optimizer as TorchOptimizer

from specnet.settings.optimizer import Adam, Optimizer, Sgd

FUSED = frozenset({"cpu", "cuda"})
"""Devices on which torch has its optimizers in one kernel."""


def optimizer(setting: Optimizer, module: nn.Module, device: torch.device) -> TorchOptimizer:
    """The optimizer of all parameters that are learned, fused where torch can."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    fused = device.type in FUSED and not any(_is_shard(parameter) for parameter in parameters)
    match setting:
        case Sgd(lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=decay):
            return torch.optim.SGD(parameters, lr, momentum, 0, decay, nesterov, fused=fused)
        case Adam(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay):
            return torch.optim.Adam(parameters, lr, (beta1, beta2), eps, decay, fused=fused)
    raise TypeError(f"no such optimizer: {setting!r}")


def _is_shard(parameter: nn.Parameter) -> bool:
    """Whether only a part of it lies here; torch has no fused SGD of shards."""
    return type(parameter) is not nn.Parameter
