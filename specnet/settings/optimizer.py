"""optimizer: how gradients update the weights, `optimizer sgd lr=0.1 momentum=0.9 nesterov weight_decay=5e-4`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from math import prod
from operator import index
from typing import Any, ClassVar, Self, SupportsIndex

from pydantic import Field, model_validator

from specnet.attributes import BelowOne, NonNegative, Positive, Setting
from specnet.errors import PluginError
from specnet.registry import find_place, name_registered
from specnet.settings.registration import Choices


class Optimizer(Setting):
    """An update rule; `lr` is the learning rate that the schedule scales."""

    required: ClassVar[tuple[str, ...]] = ("build", "count_state")

    lr: Positive
    weight_decay: NonNegative = 0.0
    clip: Positive | None = Field(None, description="largest norm of all gradients together")

    def count_state(self, shape: Sequence[int]) -> int:
        """Return the elements that are stored for a parameter of a shape from one step to the next."""
        raise NotImplementedError

    def count_scratch(self, shapes: Sequence[Sequence[int]]) -> int:
        """Return the elements that an update borrows for parameters of these shapes; a fused kernel needs none."""
        return 0

    def build(self, groups: Any) -> Any:
        """Return a `torch.optim.Optimizer` of parameter groups, each with its own `lr` and `weight_decay`.

        A plugin's optimizer has it; those of SpecNet are in specnet/training/optim/optimizers.py.
        """
        raise NotImplementedError

    def measure_state(self, shape: Sequence[int]) -> int:
        """Return what `count_state` says; raises PluginError where that of a plugin fails, or is no such number."""
        return self._measure("count_state", shape)

    def measure_scratch(self, shapes: Sequence[Sequence[int]]) -> int:
        """Return what `count_scratch` says; raises PluginError where that of a plugin fails, or is no such number."""
        return self._measure("count_scratch", shapes)

    def _measure(self, method: str, argument: Sequence[Any]) -> int:
        try:
            with redirect_stdout(sys.stderr):  # what a plugin prints is no result
                count = getattr(self, method)(argument)
        except (Exception, SystemExit) as error:
            raise PluginError(_explain_failure(self, method, error)) from None
        if isinstance(count, SupportsIndex) and index(count) >= 0:
            return index(count)
        fact = f"{name_registered(self)}: its `{method}` returns {count!r:.60}, and not a whole number from 0"
        raise PluginError(f"{fact}; it stands at {find_place(type(self))}")


def _explain_failure(setting: Optimizer, method: str, error: BaseException) -> str:
    from specnet.plugin_loading.importing import explain_failure, find_home  # where there is a plugin

    return explain_failure(error, f"{name_registered(setting)}: its `{method}`", [find_home(type(setting))])


class Sgd(Optimizer):
    """Stochastic gradient descent; `weight_decay` is added to the gradient, as torch does."""

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"nesterov": ("nesterov", True)}

    lr: Positive = 0.01
    momentum: BelowOne = 0.0
    nesterov: bool = False

    def count_state(self, shape: Sequence[int]) -> int:
        return prod(shape) if self.momentum else 0

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

    def count_state(self, shape: Sequence[int]) -> int:
        return 2 * prod(shape)


class AdamW(Adam):
    """Adam with a weight decay of its own, beside the gradient (Loshchilov, Hutter 2019)."""

    weight_decay: NonNegative = 0.01


class RmsProp(Optimizer):
    """The gradient over the root of its mean square (Hinton 2012), as torch does."""

    lr: Positive = 0.01
    alpha: BelowOne = 0.99
    eps: Positive = 1e-8
    momentum: BelowOne = 0.0

    def count_state(self, shape: Sequence[int]) -> int:
        return prod(shape) * (2 if self.momentum else 1)

    def count_scratch(self, shapes: Sequence[Sequence[int]]) -> int:
        """Return the elements of all parameters, whose mean squares torch takes the roots of together."""
        return sum(map(prod, shapes))


def is_matrix(shape: Sequence[int]) -> bool:
    """Whether a parameter is a matrix or filters, K×C or K×C×F×F; an embedding, 1×L×C, is neither."""
    return len(shape) in (2, 4)


class Muon(Optimizer):
    """Orthogonalised momentum for the weights of conv and fc (Jordan 2024), as torch does; K×C×F×F is K×(C·F·F).

    Everything else, biases, normalisations and embeddings, is updated by AdamW with the learning rate `adamw_lr`.
    """

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"nesterov": ("nesterov", True)}

    lr: Positive = 0.02
    momentum: BelowOne = 0.95
    nesterov: bool = False
    adamw_lr: Positive = 1e-3

    def count_state(self, shape: Sequence[int]) -> int:
        return prod(shape) * (1 if is_matrix(shape) else 2)

    def count_scratch(self, shapes: Sequence[Sequence[int]]) -> int:
        """Return twice the elements of the largest matrix, which is made orthogonal by products with itself."""
        return 2 * max((prod(shape) for shape in shapes if is_matrix(shape)), default=0)


OWN: Mapping[str, type[Optimizer]] = {
    "sgd": Sgd,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RmsProp,
    "muon": Muon,
}

CHOICES: Mapping[str, type[Optimizer]] = Choices("optimizer", Optimizer, OWN)
