"""optimizer: how a gradient moves the weights, `optimizer sgd lr=0.1 momentum=0.9 nesterov weight_decay=5e-4`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import model_validator

from specnet.settings.base import BelowOne, NonNegative, Positive, Setting


class Optimizer(Setting):
    """A rule of descent; `lr` is the highest learning rate, which the schedule scales."""

    lr: Positive
    weight_decay: NonNegative = 0.0


class Sgd(Optimizer):
    """Stochastic gradient descent; `weight_decay` is added to the gradient, as torch does."""

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"nesterov": ("nesterov", True)}

    lr: Positive = 0.01
    momentum: BelowOne = 0.0
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class Adam(Optimizer):
    """Adam (Kingma, Ba 2015); `weight_decay` is added to the gradient, as torch does."""

    lr: Positive = 1e-3
    beta1: BelowOne = 0.9
    beta2: BelowOne = 0.999
    eps: Positive = 1e-8


CHOICES: Mapping[str, type[Optimizer]] = {"sgd": Sgd, "adam": Adam}
