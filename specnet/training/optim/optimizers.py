"""The torch optimizers, one row each, and their parameter groups with individual learning rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Muon, Optimizer, RMSprop

from specnet.attributes import Multiple
from specnet.settings import optimizer as settings
from specnet.settings.group import Group, Rate
from specnet.training.errors import Unsuitable
from specnet.training.job import LayerInfo
from specnet.training.plugin_calls import calling, refuse_result

FUSED = frozenset({"cpu", "cuda"})
"""The types of devices for which torch has fused optimizers."""

Parameters = Mapping[str, Tensor]

ParameterGroups = list[dict[str, Any]]
"""torch's `param_groups`, each with its `names`, its `peak`, the rate that the schedule scales, and `until`, the epoch
from which it is no longer trained."""

DEFAULT = "default"
"""The name of the group of parameters that no `group` line matches."""

Feature = Literal["sharded", "fp16", "average"]


@dataclass(frozen=True)
class OptimizerRow:
    """An optimizer in torch.

    `build` takes the settings, the groups and whether a fused kernel may be used; `unsupported` says why a feature
    cannot be combined with it.
    """

    build: Callable[[Any, ParameterGroups, bool], Optimizer]
    unsupported: Mapping[Feature, str] = field(default_factory=dict)


def _build_sgd(setting: settings.Sgd, groups: ParameterGroups, fused: bool) -> Optimizer:
    return SGD(groups, setting.lr, setting.momentum, nesterov=setting.nesterov, fused=fused)


def _build_adam(setting: settings.Adam, groups: ParameterGroups, fused: bool) -> Optimizer:
    return Adam(groups, setting.lr, (setting.beta1, setting.beta2), setting.eps, fused=fused)


def _build_adamw(setting: settings.AdamW, groups: ParameterGroups, fused: bool) -> Optimizer:
    return AdamW(groups, setting.lr, (setting.beta1, setting.beta2), setting.eps, fused=fused)


def _build_rmsprop(setting: settings.RmsProp, groups: ParameterGroups, fused: bool) -> Optimizer:
    return RMSprop(groups, setting.lr, setting.alpha, setting.eps, momentum=setting.momentum)


def _build_muon(setting: settings.Muon, groups: ParameterGroups, fused: bool) -> Optimizer:
    return MuonAdamW(groups, setting.momentum, setting.nesterov, setting.adamw_lr / setting.lr, fused)


OPTIMIZERS: dict[type[settings.Optimizer], OptimizerRow] = {
    settings.Sgd: OptimizerRow(_build_sgd),
    settings.Adam: OptimizerRow(_build_adam),
    settings.AdamW: OptimizerRow(_build_adamw),
    settings.RmsProp: OptimizerRow(_build_rmsprop),
    settings.Muon: OptimizerRow(
        _build_muon,
        {
            "sharded": "needs whole matrices, and a sharded training divides them",
            "fp16": "does not go with fp16, whose gradients are scaled; bf16 does",
        },
    ),
}
"""Each optimizer by the class of its settings."""


def build_optimizer(
    setting: settings.Optimizer,
    groups: Sequence[Group],
    module: nn.Module,
    layers: Mapping[str, LayerInfo],
    device: torch.device,
) -> Optimizer:
    """Return a torch optimizer of all trainable parameters, fused if torch supports that."""
    trained = _trainable_parameters(module)
    fused = device.type in FUSED and not any(_is_shard(parameter) for parameter in trained.values())
    grouped = _group_parameters(setting, groups, trained, layers)
    row = OPTIMIZERS.get(type(setting))
    return row.build(setting, grouped, fused) if row else _build_own(setting, grouped)


def _build_own(setting: settings.Optimizer, groups: ParameterGroups) -> Optimizer:
    """Return the optimizer of a plugin, whose groups are those that it was given; raises PluginFailure."""
    with calling(setting, "build"):
        optimizer = setting.build(groups)
    if not isinstance(optimizer, Optimizer):
        raise refuse_result(setting, "build", optimizer, "a torch.optim.Optimizer")
    trained = {id(parameter) for group in groups for parameter in group["params"]}
    found = {id(each) for group in optimizer.param_groups if "peak" in group for each in group["params"]}
    if found != trained:
        raise refuse_result(setting, "build", optimizer, "an optimizer of the groups that it gets, all of them")
    return optimizer


def refuse_groups(groups: Sequence[Group], module: nn.Module, parts: Mapping[str, LayerInfo]) -> None:
    """Raise Unsuitable for a group that matches no trained parameter."""
    names = _trainable_parameters(module)
    for group in groups:
        if not any(_matches(group, name, parts) for name in names):
            raise Unsuitable(f"`group {group.pattern}`: no parameter that is learned is called so")


def _trainable_parameters(module: nn.Module) -> Parameters:
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def _is_shard(parameter: Tensor) -> bool:
    """Whether a parameter is sharded, for which torch has no fused SGD."""
    return type(parameter) is not nn.Parameter


def _group_parameters(
    setting: settings.Optimizer, groups: Sequence[Group], learned: Parameters, parts: Mapping[str, LayerInfo]
) -> ParameterGroups:
    """Group the parameters by their rates, for torch."""
    found: dict[tuple[float, float, float], tuple[list[str], list[Tensor]]] = {}
    for name, parameter in learned.items():
        applied = [group for group in groups if _matches(group, name, parts)]
        names, parameters = found.setdefault(_group_rates(setting, applied), ([], []))
        parameters.append(parameter)
        if (label := "+".join(group.pattern for group in applied) or DEFAULT) not in names:
            names.append(label)
    return [
        {"params": parameters, "names": names, "lr": lr, "peak": lr, "weight_decay": decay, "until": until}
        for (lr, decay, until), (names, parameters) in found.items()
    ]


def _matches(group: Group, name: str, parts: Mapping[str, LayerInfo]) -> bool:
    part = find_layer(name, parts)
    return group.matches(name, part.words if part else ())


def find_layer(parameter: str, parts: Mapping[str, LayerInfo]) -> LayerInfo | None:
    """Return the layer that a parameter belongs to, that of `encoder.attention1.qkv.weight` with two names below it."""
    while parameter:
        parameter = parameter.rpartition(".")[0]
        if parameter in parts:
            return parts[parameter]
    return None


def _group_rates(setting: settings.Optimizer, groups: Sequence[Group]) -> tuple[float, float, float]:
    """Return learning rate, weight decay and last epoch; later groups override earlier ones."""
    lr, decay, until = setting.lr, setting.weight_decay, inf
    for group in groups:
        lr = lr if group.lr is None else _scale_rate(group.lr, setting.lr)
        decay = decay if group.weight_decay is None else _scale_rate(group.weight_decay, setting.weight_decay)
        until = group.until or until
    return lr, decay, until


def _scale_rate(rate: Rate, whole: float) -> float:
    return rate.factor * whole if isinstance(rate, Multiple) else rate


class MuonAdamW(Optimizer):
    """Muon for the weights of conv and fc, given as views, since torch's takes only matrices; AdamW for all else."""

    def __init__(
        self, groups: Sequence[dict[str, Any]], momentum: float, nesterov: bool, adamw_share: float, fused: bool
    ) -> None:
        """`groups` are torch's `param_groups` with a `peak`; AdamW's learning rate is `adamw_share` of that."""
        super().__init__([parameter for group in groups for parameter in group["params"]], {})
        weights = [weight for group in groups for weight in group["params"] if _is_matrix(weight)]
        self._matrices = {weight: _as_matrix(weight.detach()) for weight in weights}
        parts = [_select_parameters(group, _is_matrix, lambda p: self._matrices[p], 1.0) for group in groups]
        others = [_select_parameters(group, lambda p: not _is_matrix(p), lambda p: p, adamw_share) for group in groups]
        for part in others:
            part["names"] = ["adamw" if name == DEFAULT else f"{name}+adamw" for name in part["names"]]
        self._both: list[Optimizer] = []
        if matrices := [part for part in parts if part["params"]]:
            self._both.append(Muon(matrices, momentum=momentum, nesterov=nesterov))
        if vectors := [part for part in others if part["params"]]:
            self._both.append(AdamW(vectors, fused=fused))
        self.param_groups = [group for optimizer in self._both for group in optimizer.param_groups]
        for optimizer in self._both:
            optimizer.state = self.state

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no loss is computed anew here
        for weight, matrix in self._matrices.items():
            matrix.grad = None if weight.grad is None else _as_matrix(weight.grad)
        for optimizer in self._both:
            optimizer.step()
        for matrix in self._matrices.values():
            matrix.grad = None

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        for weight in self._matrices:
            weight.grad = None


def _select_parameters(
    group: dict[str, Any], takes: Callable[[Tensor], bool], view: Callable[[Tensor], Tensor], share: float
) -> dict[str, Any]:
    """Return the part of a group that one of the two optimizers takes, viewed as it needs it, with its rates."""
    rates = {name: group[name] * share for name in ("lr", "peak")}
    return {**group, **rates, "params": [view(parameter) for parameter in group["params"] if takes(parameter)]}


def _is_matrix(parameter: Tensor) -> bool:
    return settings.is_matrix(parameter.shape)


def _as_matrix(weight: Tensor) -> Tensor:
    """View K×C×F×F as K×(F·F·C) where memory is channels-last, else as K×(C·F·F).

    The order of the columns does not matter to Muon, as orthogonalising commutes with permuting them.
    """
    return weight.flatten(1) if weight.is_contiguous() else weight.movedim(1, -1).flatten(1)


@dataclass(frozen=True)
class LearningRates:
    """The rates of one step: those of the groups after a number of epochs, scaled by the schedule's factor."""

    lr: float
    factor: float
    epoch: float
    groups: ParameterGroups

    @property
    def base(self) -> float:
        """The rate of the parameters that no group matches."""
        return self.lr * self.factor

    @property
    def by_group(self) -> dict[str, float]:
        """The rate of each group by its name; empty if all parameters have the base rate throughout."""
        if all(group["peak"] == self.lr and group["until"] == inf for group in self.groups):
            return {}
        return {name: self._scale(group) for group in self.groups for name in group["names"]}

    def apply(self) -> None:
        """Set these rates for the optimizer's next step."""
        for group in self.groups:
            group["lr"] = self._scale(group)

    def _scale(self, group: Mapping[str, Any]) -> float:
        return group["peak"] * self.factor if self.epoch < group["until"] else 0.0
