"""schedule: the learning rate over the run, as a factor of the optimizer's `lr`, `schedule onecycle warmup=0.2`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, floor, pi
from typing import Annotated, ClassVar, Self, assert_never

from pydantic import BeforeValidator, Field, model_validator

from specnet.attributes import BelowOne, Count, NonNegative, Positive, Setting

Share = Annotated[float, Field(gt=0, lt=1)]
"""Above 0, and below 1."""


class Warming(Setting):
    """A schedule that rises evenly from 0 in the first `warmup` epochs.

    `spans_run` says of each schedule whether its course depends on the length of the run.
    """

    spans_run: ClassVar[bool] = False

    warmup: NonNegative = 0.0


class Constant(Warming):
    """The same learning rate throughout; with `warmup`, after rising from 0."""


def _to_tuple(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, int | float) else value


class Step(Warming):
    """Times `decay` after every `every` epochs, or after each epoch of `at`, at once; with `warmup`, after rising."""

    decay: Positive = 0.1
    every: Positive = 30.0
    at: Annotated[tuple[Positive, ...], BeforeValidator(_to_tuple)] | None = Field(
        None, description="epochs, as [30, 60, 80]"
    )

    @model_validator(mode="after")
    def _every_or_at(self) -> Self:
        if self.at is not None and "every" in self.model_fields_set:
            raise ValueError("takes either `every` or `at`")
        return self


class Exponential(Warming):
    """Times `decay` in the course of every `every` epochs, gradually; with `warmup`, after rising."""

    decay: Positive = 0.96
    every: Positive = 1.0


class Cosine(Warming):
    """From 1 to `end` along half a cosine (Loshchilov, Hutter 2017); with `warmup`, after rising."""

    spans_run: ClassVar[bool] = True

    end: BelowOne = 0.0


class OneCycle(Setting):
    """Up from 1/25 in the first `warmup` of the run, then down to 1/250,000 (Smith 2018; torch's OneCycleLR)."""

    spans_run: ClassVar[bool] = True

    warmup: Share = 0.3


class Triangle(Setting):
    """In straight lines from `start` up to 1 at `peak`, a share of the run, and down to `end`."""

    spans_run: ClassVar[bool] = True

    start: NonNegative = 0.0
    peak: Share = 0.3
    end: NonNegative = 0.0


class Plateau(Setting):
    """Times `decay` when the loss has not fallen for `patience` epochs: that of validation, else that of training."""

    spans_run: ClassVar[bool] = False

    decay: Share = 0.1
    patience: Count = 5


Schedule = Constant | Step | Exponential | OneCycle | Cosine | Triangle | Plateau
"""All schedules there are; `compute_rate_factor` has an arm for each."""

CHOICES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "onecycle": OneCycle,
    "cosine": Cosine,
    "triangle": Triangle,
    "plateau": Plateau,
}


def compute_rate_factor(schedule: Schedule, epoch: float, epochs: float, losses: Sequence[float] = ()) -> float:
    """Return the factor of the learning rate after `epoch` of `epochs`, where a fraction is within an epoch.

    It is a pure function of how far the run is, so that nothing has to be restored when a run is resumed. `losses` are
    those after each epoch that is over: of the validation part, where there is one, else of training.
    """
    if isinstance(schedule, Warming) and epoch < schedule.warmup:
        return epoch / schedule.warmup
    match schedule:
        case Constant():
            return 1.0
        case Step():
            return _step_factor(schedule, epoch)
        case Exponential():
            return float(schedule.decay ** ((epoch - schedule.warmup) / schedule.every))
        case Cosine():
            return _ease(1.0, schedule.end, (epoch - schedule.warmup) / (epochs - schedule.warmup))
        case OneCycle():
            return _one_cycle_factor(schedule, epoch / epochs)
        case Triangle():
            return _triangle_factor(schedule, epoch / epochs)
        case Plateau():
            return _plateau_factor(schedule, losses)
        case _:
            assert_never(schedule)


def _ease(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine as `share` goes from 0 to 1."""
    return end + (start - end) * (1 + cos(pi * share)) / 2


def _step_factor(schedule: Step, epoch: float) -> float:
    times = floor(epoch / schedule.every) if schedule.at is None else sum(epoch >= limit for limit in schedule.at)
    return float(schedule.decay**times)


def _one_cycle_factor(schedule: OneCycle, share: float) -> float:
    if share < schedule.warmup:
        return _ease(1 / 25, 1.0, share / schedule.warmup)
    return _ease(1.0, 1 / 250_000, (share - schedule.warmup) / (1 - schedule.warmup))


def _triangle_factor(schedule: Triangle, share: float) -> float:
    if share < schedule.peak:
        return schedule.start + (1 - schedule.start) * share / schedule.peak
    return 1 + (schedule.end - 1) * (share - schedule.peak) / (1 - schedule.peak)


def _plateau_factor(schedule: Plateau, losses: Sequence[float]) -> float:
    factor, best, waited = 1.0, float("inf"), 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == schedule.patience:
            factor, waited = factor * schedule.decay, 0
    return factor
