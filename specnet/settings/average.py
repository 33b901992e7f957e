"""average: weights averaged over steps, evaluated and saved instead of the trained ones, `average ema decay=0.999`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from specnet.attributes import BelowOne, Count, NonNegative, Setting


class Averaging(Setting):
    """A second set of weights, which is evaluated and saved as the run's result instead of the trained ones.

    At a step (from 1) of `total`, the average keeps the share `decay_at` of itself and takes the rest from the weights;
    if it `leads`, training continues from the average. `spans_run` says whether the shares depend on `total`.
    """

    every: Count = Field(1, description="steps from one averaging to the next")


class Ema(Averaging):
    """Exponential moving average; it begins as (1 + n)/(10 + n) at the n-th averaging, until that reaches `decay`."""

    leads: ClassVar[bool] = False
    spans_run: ClassVar[bool] = False

    decay: BelowOne = 0.999

    def decay_at(self, step: int, total: int) -> float:
        count = step // self.every
        return min(self.decay, (1 + count) / (10 + count))


class Lookahead(Averaging):
    """Slow weights that move towards the fast ones, which then continue from there (Zhang et al. 2019).

    `decay` is the share that stays; with `rise` it is decay·(share of the run that is over)^rise.
    """

    leads: ClassVar[bool] = True

    every: Count = Field(5, description="steps from one averaging to the next")
    decay: BelowOne = 0.5
    rise: NonNegative = 0.0

    @property
    def spans_run(self) -> bool:
        return self.rise > 0

    def decay_at(self, step: int, total: int) -> float:
        return float(self.decay * (step / total) ** self.rise)


Average = Ema | Lookahead
"""All averages there are."""

CHOICES: Mapping[str, type[Average]] = {"ema": Ema, "lookahead": Lookahead}
