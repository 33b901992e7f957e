"""schedule: the learning rate over the run, as a factor of the optimizer's `lr`, `schedule onecycle warmup=0.2`."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, floor, pi
from typing import Annotated

from pydantic import Field

from specnet.settings.base import Positive, Setting


class Schedule(Setting):
    """A pure function of how far the run is, so that nothing has to be restored when it is resumed."""

    def factor(self, epoch: float, epochs: float) -> float:
        """What `lr` is multiplied by after `epoch` (a fraction is within an epoch) of `epochs`."""
        raise NotImplementedError


class Constant(Schedule):
    """The same learning rate throughout."""

    def factor(self, epoch: float, epochs: float) -> float:
        return 1.0


class Step(Schedule):
    """Times `decay` after every `every` epochs, at once."""

    decay: Positive = 0.1
    every: Positive = 30.0

    def factor(self, epoch: float, epochs: float) -> float:
        return float(self.decay ** floor(epoch / self.every))


class Exponential(Schedule):
    """Times `decay` in the course of every `every` epochs, gradually."""

    decay: Positive = 0.96
    every: Positive = 1.0

    def factor(self, epoch: float, epochs: float) -> float:
        return float(self.decay ** (epoch / self.every))


def _ease(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine as `share` goes from 0 to 1."""
    return end + (start - end) * (1 + cos(pi * share)) / 2


class Cosine(Schedule):
    """From 1 to 0 along half a cosine (Loshchilov, Hutter 2017)."""

    def factor(self, epoch: float, epochs: float) -> float:
        return _ease(1.0, 0.0, epoch / epochs)


class OneCycle(Schedule):
    """Up from 1/25 in the first `warmup` of the run, then down to 1/250,000 (Smith 2018; torch's OneCycleLR)."""

    warmup: Annotated[float, Field(gt=0, lt=1)] = 0.3

    def factor(self, epoch: float, epochs: float) -> float:
        share = epoch / epochs
        if share < self.warmup:
            return _ease(1 / 25, 1.0, share / self.warmup)
        return _ease(1.0, 1 / 250_000, (share - self.warmup) / (1 - self.warmup))


CHOICES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "onecycle": OneCycle,
    "cosine": Cosine,
}
