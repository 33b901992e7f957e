"""Averaged weights: a second set that follows the trained weights, and is evaluated and saved instead of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from specnet.settings.average import Average


class AveragedWeights:
    """The averages of a module's parameters and running statistics, on its device."""

    def __init__(self, setting: Average, module: nn.Module) -> None:
        self._setting = setting
        self._current = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
        self.values = {name: value.clone() for name, value in self._current.items()}

    def follow(self, step: int, total: int) -> None:
        """Update the averages after a step (from 1) of `total` steps; Lookahead also copies them to the weights."""
        if step % self._setting.every:
            return
        averages, weights = list(self.values.values()), list(self._current.values())
        torch._foreach_lerp_(averages, weights, 1 - self._setting.decay_at(step, total))
        if self._setting.leads:
            torch._foreach_copy_(weights, averages)

    @contextmanager
    def swap_in(self) -> Iterator[None]:
        """Replace the module's weights by the averages within the context."""
        weights = list(self._current.values())
        trained = [weight.clone() for weight in weights]
        torch._foreach_copy_(weights, list(self.values.values()))
        try:
            yield
        finally:
            torch._foreach_copy_(weights, trained)

    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Restore saved averages."""
        for name, value in values.items():
            self.values[name].copy_(value)
