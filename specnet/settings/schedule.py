"""schedule: the learning rate over the run, as a factor of the optimizer's `lr`, `schedule onecycle warmup=0.2`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, floor, pi
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from specnet.attributes import Count
from specnet.settings.base import BelowOne, NonNegative, Positive, Setting

Watched = Sequence[float]
"""The loss after each epoch that is over: of the validation part, where there is one, else of training."""

Share = Annotated[float, Field(gt=0, lt=1)]


class Schedule(Setting):
    """A pure function of how far the run is, so that nothing has to be restored when it is resumed."""

    def factor(self, epoch: float, epochs: float, watched: Watched = ()) -> float:
        """What `lr` is multiplied by after `epoch` (a fraction is within an epoch) of `epochs`."""
        raise NotImplementedError


class Warming(Schedule):
    """Rises evenly from 0 in the first `warmup` epochs."""

    warmup: NonNegative = 0.0

    def factor(self, epoch: float, epochs: float, watched: Watched = ()) -> float:
        return epoch / self.warmup if epoch < self.warmup else self.warm(epoch, epochs)

    def warm(self, epoch: float, epochs: float) -> float:
        """The factor when warming up is over."""
        raise NotImplementedError


class Constant(Warming):
    """The same learning rate throughout; with `warmup`, after rising from 0 in so many epochs."""

    def warm(self, epoch: float, epochs: float) -> float:
        return 1.0


def _listed(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, int | float) else value


class Step(Warming):
    """Times `decay` after every `every` epochs, or after each epoch of `at`, at once; with `warmup`, after rising."""

    decay: Positive = 0.1
    every: Positive = 30.0
    at: Annotated[tuple[Positive, ...], BeforeValidator(_listed)] | None = Field(
        None, description="epochs, as [30, 60, 80]"
    )

    @model_validator(mode="after")
    def _every_or_at(self) -> Self:
        if self.at is not None and "every" in self.model_fields_set:
            raise ValueError("takes either `every` or `at`")
        return self

    def warm(self, epoch: float, epochs: float) -> float:
        times = floor(epoch / self.every) if self.at is None else sum(epoch >= limit for limit in self.at)
        return float(self.decay**times)


class Exponential(Warming):
    """Times `decay` in the course of every `every` epochs, gradually; with `warmup`, after rising."""

    decay: Positive = 0.96
    every: Positive = 1.0

    def warm(self, epoch: float, epochs: float) -> float:
        return float(self.decay ** ((epoch - self.warmup) / self.every))


def _ease(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine as `share` goes from 0 to 1."""
    return end + (start - end) * (1 + cos(pi * share)) / 2


class Cosine(Warming):
    """From 1 to `end` along half a cosine (Loshchilov, Hutter 2017); with `warmup`, after rising."""

    end: BelowOne = 0.0

    def warm(self, epoch: float, epochs: float) -> float:
        return _ease(1.0, self.end, (epoch - self.warmup) / (epochs - self.warmup))


class OneCycle(Schedule):
    """Up from 1/25 in the first `warmup` of the run, then down to 1/250,000 (Smith 2018; torch's OneCycleLR)."""

    warmup: Share = 0.3

    def factor(self, epoch: float, epochs: float, watched: Watched = ()) -> float:
        share = epoch / epochs
        if share < self.warmup:
            return _ease(1 / 25, 1.0, share / self.warmup)
        return _ease(1.0, 1 / 250_000, (share - self.warmup) / (1 - self.warmup))


class Triangle(Schedule):
    """In straight lines from `start` up to 1 at `peak`, a share of the run, and down to `end`."""

    start: NonNegative = 0.0
    peak: Share = 0.3
    end: NonNegative = 0.0

    def factor(self, epoch: float, epochs: float, watched: Watched = ()) -> float:
        share = epoch / epochs
        if share < self.peak:
            return self.start + (1 - self.start) * share / self.peak
        return 1 + (self.end - 1) * (share - self.peak) / (1 - self.peak)


class Plateau(Schedule):
    """Times `decay` when the loss has not fallen for `patience` epochs: that of validation, else that of training."""

    decay: Share = 0.1
    patience: Count = 5

    def factor(self, epoch: float, epochs: float, watched: Watched = ()) -> float:
        factor, best, waited = 1.0, float("inf"), 0
        for loss in watched:
            waited = 0 if loss < best else waited + 1
            best = min(best, loss)
            if waited == self.patience:
                factor, waited = factor * self.decay, 0
        return factor


CHOICES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "onecycle": OneCycle,
    "cosine": Cosine,
    "triangle": Triangle,
    "plateau": Plateau,
}
