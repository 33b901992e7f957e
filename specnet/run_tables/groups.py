"""Runs that differ by chance alone, and what is known of their metric: mean, deviation, margin of error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

from specnet.run_tables.columns import find_setting
from specnet.settings.task import Metric
from specnet.training.runs.run_index import RunEntry

CHANCE = ("seed", "split.fold")
"""The settings that runs of one variant may differ in."""

QUANTILE = 1.959964
"""The quantile of the normal distribution for 95 %."""

NOTABLE = 0.005
"""The half width of an interval from which it is worth saying."""


@dataclass(frozen=True)
class Spread:
    """The values of a metric in several runs."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return mean(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the sample; None of a single value."""
        return stdev(self.values) if len(self.values) > 1 else None

    def format(self, metric: Metric) -> str:
        """Return `97.22% ± 0.41%`."""
        deviation = "" if self.deviation is None else f" ± {metric.format(self.deviation)}"
        return f"{metric.format(self.mean)}{deviation}"


@dataclass(frozen=True)
class RunGroup:
    """Runs of one variant: the settings that they share, and the runs."""

    settings: Mapping[str, str]
    entries: tuple[RunEntry, ...]

    def spread(self, part: str) -> Spread | None:
        """Return the metric on the validation or test part; None where no run knows it."""
        values = [getattr(entry, part) for entry in self.entries]
        known = tuple(value for value in values if value is not None)
        return Spread(known) if known else None


def group_runs(entries: Iterable[RunEntry]) -> list[RunGroup]:
    """Group runs of one network that differ in seed and fold alone, of the settings that some run overrides."""
    found = [*entries]
    names = dict.fromkeys(name for entry in found for name in entry.overrides if name not in CHANCE)
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[RunEntry]] = {}
    for entry in found:
        values = ((name, find_setting(entry, name)) for name in names)
        settings = tuple((name, value) for name, value in values if value is not None)
        groups.setdefault((entry.network, settings), []).append(entry)
    return [RunGroup(dict(settings), tuple(group)) for (_, settings), group in groups.items()]


def rank_groups(groups: Sequence[RunGroup]) -> list[RunGroup]:
    """Return the groups by their mean on the validation part, the best first; those without one come last.

    The test set ranks nothing, or the result of the first would be too good; nor do different metrics.
    """
    if len({entry.metric for group in groups for entry in group.entries}) > 1:
        return [*groups]
    known = [(spread.mean, group) for group in groups if (spread := group.spread("validation"))]
    descends = bool(known) and known[0][1].entries[0].metric.larger_is_better
    ranked = sorted(known, key=lambda each: each[0], reverse=descends)
    return [*(group for _, group in ranked), *(group for group in groups if not group.spread("validation"))]


def compute_interval(share: float, number: int) -> tuple[float, float]:
    """Return the interval that holds the share of a population with 95 %, by a share of a sample (Wilson 1927)."""
    squared = QUANTILE**2
    centre = (share + squared / (2 * number)) / (1 + squared / number)
    half = QUANTILE / (1 + squared / number) * sqrt(share * (1 - share) / number + squared / (4 * number**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def find_interval(entry: RunEntry, part: str) -> tuple[float, float] | None:
    """Return the interval of a run's accuracy on a part; None for other metrics, or where images were not counted."""
    share, number = getattr(entry, part), entry.images.get(part)
    return compute_interval(share, number) if share is not None and number and entry.metric.name == "accuracy" else None


def describe_margin(share: float, number: int) -> str:
    """Return a sentence about the interval of an accuracy on a number of images, if it is notable; else ""."""
    low, high = compute_interval(share, number)
    if high - low < 2 * NOTABLE:
        return ""
    return (
        f"with {number:,} validation images, an accuracy of {share:.2%} has a 95 % confidence interval from "
        f"{low:.1%} to {high:.1%} (Wilson): smaller differences may be chance"
    )


def describe_best_margin(entries: Sequence[RunEntry]) -> str:
    """Return the sentence about the most accurate of some runs; "" where none is known or notable."""
    measured = [entry for entry in entries if find_interval(entry, "validation")]
    best = max(measured, key=lambda entry: entry.validation or 0.0, default=None)
    return describe_margin(best.validation, best.images["validation"]) if best and best.validation is not None else ""
