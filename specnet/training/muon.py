"""Muon for the weights of conv and fc, AdamW for all else, as one optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW, Muon, Optimizer


class MuonAdamW(Optimizer):
    """torch's Muon takes matrices alone: it is given views of the weights."""

    def __init__(
        self, groups: Sequence[dict[str, Any]], momentum: float, nesterov: bool, adamw_share: float, fused: bool
    ) -> None:
        """`groups` are torch's `param_groups` with a `peak`; AdamW's learning rate is `adamw_share` of that."""
        super().__init__([parameter for group in groups for parameter in group["params"]], {})
        weights = [weight for group in groups for weight in group["params"] if weight.ndim > 1]
        self._matrices = {weight: _matrix(weight.detach()) for weight in weights}
        parts = [_part(group, lambda p: p.ndim > 1, lambda p: self._matrices[p], 1.0) for group in groups]
        others = [_part(group, lambda p: p.ndim <= 1, lambda p: p, adamw_share) for group in groups]
        self._both: list[Optimizer] = []
        if matrices := [part for part in parts if part["params"]]:
            self._both.append(Muon(matrices, momentum=momentum, nesterov=nesterov))
        if vectors := [part for part in others if part["params"]]:
            self._both.append(AdamW(vectors, fused=fused))
        self.param_groups = [group for optimizer in self._both for group in optimizer.param_groups]
        for optimizer in self._both:
            optimizer.state = self.state

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for weight, matrix in self._matrices.items():
            matrix.grad = None if weight.grad is None else _matrix(weight.grad)
        for optimizer in self._both:
            optimizer.step()
        for matrix in self._matrices.values():
            matrix.grad = None

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        for weight in self._matrices:
            weight.grad = None


def _part(
    group: dict[str, Any], takes: Callable[[Tensor], bool], view: Callable[[Tensor], Tensor], share: float
) -> dict[str, Any]:
    """Those parameters of a group that one of the optimizers takes, as it takes them, at its share of the rates."""
    rates = {name: group[name] * share for name in ("lr", "peak")}
    return {**group, **rates, "params": [view(parameter) for parameter in group["params"] if takes(parameter)]}


def _matrix(weight: Tensor) -> Tensor:
    """K×C×F×F as K×(F·F·C) where that is how it lies in memory, else as K×(C·F·F).

    Muon does not mind the order of the columns: orthogonalising commutes with permuting them.
    """
    return weight.flatten(1) if weight.is_contiguous() else weight.movedim(1, -1).flatten(1)
