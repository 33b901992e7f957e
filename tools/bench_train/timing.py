"""Ratios of times that hold on a noisy machine: two loops take turns, and the median of the pairs counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from time import perf_counter, process_time

TimedLoop = Callable[[int], float]
"""Runs so many training steps and returns the seconds they took."""


class Clock:
    """Wall-clock time, or the processor time of this process where `counts_cpu_time` is set."""

    counts_cpu_time = False

    @classmethod
    def now(cls) -> float:
        return process_time() if cls.counts_cpu_time else perf_counter()


@dataclass(frozen=True)
class Ratio:
    """The median of ratios, and its 95 % confidence interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f}  [{self.low:.3f}, {self.high:.3f}]"


def summarize(values: Sequence[float]) -> Ratio:
    """Return the median with an interval between order statistics, which assumes nothing about the distribution."""
    ordered, outside = sorted(values), _values_outside(len(values))
    return Ratio(median(ordered), ordered[outside], ordered[-1 - outside])


def _values_outside(count: int) -> int:
    """Return how many values lie outside at each end: those in the 2.5 % tail of a binomial distribution with p=½."""
    tail, outside = 0.0, -1
    while (tail := tail + comb(count, outside + 1) / 2**count) <= 0.025:
        outside += 1
    return max(0, outside)


def time_loop(run_steps: Callable[[int], object]) -> TimedLoop:
    """Return a loop that times the call of another, from beginning to end."""

    def run(count: int) -> float:
        began = Clock.now()
        run_steps(count)
        return Clock.now() - began

    return run


def compare(ours: TimedLoop, other: TimedLoop, pairs: int, seconds: float) -> Ratio:
    """Return the other's time per step over ours, from pairs of about so many seconds in alternating order."""
    counts = {loop: _count_steps(loop, seconds) for loop in (ours, other)}
    return summarize([_measure_pair(ours, other, counts, is_first=number % 2 == 0) for number in range(pairs)])


def _count_steps(loop: TimedLoop, seconds: float) -> int:
    """Return how many steps fill the time, after two steps of warm-up."""
    loop(2)
    count = 1
    while (took := loop(count)) < seconds / 4:
        count *= 2
    return max(1, round(count * seconds / took))


def _measure_pair(ours: TimedLoop, other: TimedLoop, counts: dict[TimedLoop, int], is_first: bool) -> float:
    order = (ours, other) if is_first else (other, ours)
    per_step = {loop: loop(counts[loop]) / counts[loop] for loop in order}
    return per_step[other] / per_step[ours]
