"""The optimizer in torch, and which parameters it moves how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer

from specnet.attributes import Multiple
from specnet.settings.group import Group, Rate
from specnet.settings.optimizer import Adam, AdamW, Muon, Optimizer, RmsProp, Sgd
from specnet.training.errors import Unsuitable
from specnet.training.job import Part
from specnet.training.muon import MuonAdamW

FUSED = frozenset({"cpu", "cuda"})
"""Devices on which torch has its optimizers in one kernel."""

Parameters = Mapping[str, Tensor]


def optimizer(
    setting: Optimizer, groups: Sequence[Group], module: nn.Module, parts: Mapping[str, Part], device: torch.device
) -> TorchOptimizer:
    """The optimizer of all parameters that are learned, fused where torch can.

    Each of its `param_groups` has beside torch's `lr` its `peak`, which the schedule scales, and `until`, the epochs
    after which it stays as it is.
    """
    learned = _learned(module)
    grouped = _grouped(setting, groups, learned, parts)
    fused = device.type in FUSED and not any(_is_shard(parameter) for parameter in learned.values())
    match setting:
        case Sgd(lr=lr, momentum=momentum, nesterov=nesterov):
            return torch.optim.SGD(grouped, lr, momentum, nesterov=nesterov, fused=fused)
        case AdamW(lr=lr, beta1=beta1, beta2=beta2, eps=eps):
            return torch.optim.AdamW(grouped, lr, (beta1, beta2), eps, fused=fused)
        case Adam(lr=lr, beta1=beta1, beta2=beta2, eps=eps):
            return torch.optim.Adam(grouped, lr, (beta1, beta2), eps, fused=fused)
        case RmsProp(lr=lr, alpha=alpha, eps=eps, momentum=momentum):
            return torch.optim.RMSprop(grouped, lr, alpha, eps, momentum=momentum)
        case Muon(momentum=momentum, nesterov=nesterov):
            return MuonAdamW(grouped, momentum, nesterov, setting.adamw_lr / setting.lr, fused)
    raise TypeError(f"no such optimizer: {setting!r}")


def _is_shard(parameter: Tensor) -> bool:
    """Whether only a part of it lies here; torch has no fused SGD of shards."""
    return type(parameter) is not nn.Parameter


def refuse_groups(groups: Sequence[Group], module: nn.Module, parts: Mapping[str, Part]) -> None:
    """Raises Unsuitable for a group that concerns no parameter."""
    names = _learned(module)
    for group in groups:
        if not any(_concerns(group, name, parts) for name in names):
            raise Unsuitable(f"`group {group.pattern}`: no parameter that is learned is called so")


def _learned(module: nn.Module) -> Parameters:
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def _grouped(
    setting: Optimizer, groups: Sequence[Group], learned: Parameters, parts: Mapping[str, Part]
) -> list[dict[str, Any]]:
    """The parameters by their rates, for torch."""
    found: dict[tuple[float, float, float], list[Tensor]] = {}
    for name, parameter in learned.items():
        rates = _rates(setting, [group for group in groups if _concerns(group, name, parts)])
        found.setdefault(rates, []).append(parameter)
    return [
        {"params": parameters, "lr": lr, "peak": lr, "weight_decay": decay, "until": until}
        for (lr, decay, until), parameters in found.items()
    ]


def _concerns(group: Group, name: str, parts: Mapping[str, Part]) -> bool:
    return any(fnmatchcase(called, group.pattern) for called in _called(name, parts))


def _called(name: str, parts: Mapping[str, Part]) -> Iterator[str]:
    """All that a parameter `layer1.0.conv1.weight` goes by: it, `weight`, `conv`, `conv.weight`, `layer1` and so on."""
    layer, _, parameter = name.rpartition(".")
    yield from (name, parameter)
    if part := parts.get(layer):
        yield from (called for word in part.words for called in (word, f"{word}.{parameter}"))
    while layer:
        yield layer
        layer = layer.rpartition(".")[0]


def _rates(setting: Optimizer, groups: Sequence[Group]) -> tuple[float, float, float]:
    """Learning rate, weight decay, and the epochs it is learned for; later groups over earlier ones."""
    lr, decay, until = setting.lr, setting.weight_decay, float("inf")
    for group in groups:
        lr = lr if group.lr is None else _rate(group.lr, setting.lr)
        decay = decay if group.weight_decay is None else _rate(group.weight_decay, setting.weight_decay)
        until = group.until or until
    return lr, decay, until


def _rate(rate: Rate, whole: float) -> float:
    return rate.factor * whole if isinstance(rate, Multiple) else rate
