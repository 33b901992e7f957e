"""Ratios of times that hold on a noisy machine: two ways take turns, and the median of the pairs counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from time import perf_counter, process_time

Stretch = Callable[[int], float]
"""Takes so many steps of training and says how many seconds they took."""


class Clock:
    """The clock on the wall, or with `is_of_processor` the time that this process has computed."""

    is_of_processor = False

    @classmethod
    def now(cls) -> float:
        return process_time() if cls.is_of_processor else perf_counter()


@dataclass(frozen=True)
class Ratio:
    """The median of the pairs' ratios, and an interval that holds the true median in at least 95 % of all cases."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f}  [{self.low:.3f}, {self.high:.3f}]"


def ratio(values: Sequence[float]) -> Ratio:
    """The interval lies between order statistics, which assumes nothing about the distribution."""
    ordered, outside = sorted(values), _outside(len(values))
    return Ratio(median(ordered), ordered[outside], ordered[-1 - outside])


def _outside(count: int) -> int:
    """How many values at each end lie outside: as many as are all on one side of the median in 2.5 % of all cases."""
    tail, outside = 0.0, -1
    while (tail := tail + comb(count, outside + 1) / 2**count) <= 0.025:
        outside += 1
    return max(0, outside)


def stopwatch(steps: Callable[[int], object]) -> Stretch:
    """The time from the call to the return."""

    def timed(count: int) -> float:
        began = Clock.now()
        steps(count)
        return Clock.now() - began

    return timed


def compare(ours: Stretch, other: Stretch, pairs: int, seconds: float) -> Ratio:
    """How many times as long a step of the other takes; stretches of about so many seconds, in changing order."""
    counts = {way: _count(way, seconds) for way in (ours, other)}
    return ratio([_pair(ours, other, counts, is_first=number % 2 == 0) for number in range(pairs)])


def _count(way: Stretch, seconds: float) -> int:
    """Steps that fill the time; the first ones are for warming up."""
    way(2)
    count = 1
    while (took := way(count)) < seconds / 4:
        count *= 2
    return max(1, round(count * seconds / took))


def _pair(ours: Stretch, other: Stretch, counts: dict[Stretch, int], is_first: bool) -> float:
    order = (ours, other) if is_first else (other, ours)
    per_step = {way: way(counts[way]) / counts[way] for way in order}
    return per_step[other] / per_step[ours]
