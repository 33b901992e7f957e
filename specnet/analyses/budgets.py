"""Find the largest value of a `let` at which a network stays within budgets: `--budget macs=600M`.

The search doubles its steps from the written value until a budget is exceeded, and halves the interval that is left, on
the values that the network admits: those a fixed step apart, such as multiples of 8. So the number of checks grows with
the logarithm of the value. A quantity that does not grow evenly, and values that are no networks, are found out by
looking at values beyond the first that exceeds a budget, and at all values within a step of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from specnet.analyses.cost import Totals
from specnet.analyses.expectations import FLOPS, QUANTITIES


def _count_flops(totals: Totals) -> int | None:
    return None if totals.macs is None else FLOPS * totals.macs


BUDGETS: Mapping[str, Callable[[Totals], int | None]] = {**QUANTITIES, "flops": _count_flops}
"""The quantities that may have a budget, by name."""

LARGEST_STEP = 64
"""The largest distance of a value from the next one that is a network."""

MOST_UNSOUND = 8
"""The steps on either side of a value that is no network in which one is looked for."""

MAX_TRIALS = 250
"""The values that are tried."""

MOST_DOUBLINGS = 31
"""The doublings of a step after which a search upwards ends."""

FARTHER = (1, 2, 4)
"""The multiples of a value by which the search looks beyond it for another one within the budgets."""

NEAR = (2, 3)
"""The steps beyond a value at which it does, too, as quantities may go up and down."""

MOST_ALIKE = 12
"""The values with equal quantities after which a `let` is said to change nothing."""


class Trial(NamedTuple):
    """A value, and the quantities of the network there, or the error for which it is none."""

    value: int
    quantities: Mapping[str, int]
    error: str = ""


class SearchEnded(Exception):
    """As many values were tried as may be, or enough to see that they change nothing."""


@dataclass
class BudgetSearch:
    """A search for the largest value; `measure` tries one, a whole number from 0 on."""

    measure: Callable[[int], Trial]
    budgets: Mapping[str, float]
    tried: dict[int, Trial] = field(default_factory=dict)
    step: int = 1
    """The distance of the values that are networks."""
    best: Trial | None = None
    """The largest value so far that is within all budgets."""
    is_complete: bool = False

    def run(self, start: int) -> None:
        """Search from a value on; `best`, `tried` and `is_complete` are the result."""
        try:
            sound = self._find_sound(start, [start + sign * d for d in range(1, LARGEST_STEP + 1) for sign in (1, -1)])
            if sound:
                self.step = self._find_step(sound.value)
                self._search(sound if self._fits(sound) else self._descend(sound))
            self.is_complete = True
        except SearchEnded:
            pass

    @property
    def changes_nothing(self) -> bool:
        """Whether several values were tried, and all of them have the same quantities."""
        sound = [trial.quantities for trial in self.tried.values() if not trial.error]
        return len(sound) >= MOST_ALIKE and all(each == sound[0] for each in sound)

    @property
    def next_over(self) -> Trial | None:
        """The smallest value tried above the best one that exceeds a budget."""
        above = (t for t in self.tried.values() if not t.error and self.best and t.value > self.best.value)
        return min(above, key=lambda trial: trial.value, default=None)

    def find_smallest(self, quantity: str) -> Trial | None:
        """Return the value tried with the least of a quantity."""
        sound = (trial for trial in self.tried.values() if not trial.error)
        return min(sound, key=lambda trial: trial.quantities[quantity], default=None)

    def list_exceeded(self, trial: Trial) -> list[str]:
        """Return the quantities that exceed their budgets at a value."""
        return [name for name, most in self.budgets.items() if trial.quantities[name] > most]

    def _try(self, value: int) -> Trial:
        if value not in self.tried:
            if len(self.tried) == MAX_TRIALS or self.changes_nothing:
                raise SearchEnded
            self.tried[value] = trial = self.measure(value)
            if self._fits(trial) and (self.best is None or value > self.best.value):
                self.best = trial
        return self.tried[value]

    def _fits(self, trial: Trial) -> bool:
        return not trial.error and not self.list_exceeded(trial)

    def _find_sound(self, value: int, others: Iterable[int]) -> Trial | None:
        """Return the trial of a value or, if that is no network, of the first of the others that is."""
        trials = (self._try(each) for each in (value, *others) if each >= 0)
        return next((trial for trial in trials if not trial.error), None)

    def _find_step(self, value: int) -> int:
        """Return the distance from a value that is a network to the next one."""
        above = self._find_sound(value + 1, range(value + 2, value + LARGEST_STEP + 1))
        return above.value - value if above else 1

    def _descend(self, over: Trial) -> Trial | None:
        """Return a smaller value within the budgets or, where quantities fall, a larger one; None if there is none."""
        steps = over.value // self.step
        below = (over.value - self.step * (steps - (steps >> n)) for n in range(1, steps.bit_length() + 1))
        fitting = next((trial for value in below if self._fits(trial := self._settle(value))), None)
        return fitting or self._ascend(over)

    def _ascend(self, over: Trial) -> Trial | None:
        """Return a larger value within the budgets, as long as what exceeds them falls; None if there is none."""
        exceeded = self.list_exceeded(over)
        for doubling in range(MOST_DOUBLINGS):
            trial = self._settle(over.value + self.step * 2**doubling, over.value)
            if self._fits(trial):
                return trial
            if trial.error or all(trial.quantities[name] >= over.quantities[name] for name in exceeded):
                return None
        return None

    def _search(self, low: Trial | None) -> None:
        """Climb from a value within the budgets, halve what is left, and look beyond; from there on again."""
        while low:
            low, high = self._climb(low)
            if high is None:
                return
            low = self._halve(low, high)
            between = map(self._try, range(low.value + self.step - 1, low.value, -1))
            low = next((trial for trial in between if self._fits(trial)), low)
            reach = max(low.value, self.step)
            steps = [*(self.step * n for n in NEAR), *(reach * factor for factor in FARTHER)]
            beyond = [self._settle(low.value + step, low.value) for step in steps]
            low = next((trial for trial in reversed(beyond) if self._fits(trial)), None)

    def _climb(self, low: Trial) -> tuple[Trial, int | None]:
        """Return the last value within the budgets, and the first not within them; None if all are."""
        for doubling in range(MOST_DOUBLINGS):
            trial = self._settle(low.value + self.step * 2**doubling, low.value)
            if not self._fits(trial):
                return low, trial.value
            low = trial
        return low, None

    def _halve(self, low: Trial, high: int) -> Trial:
        """Return the largest value within the budgets below one that is not."""
        while high - low.value > self.step:
            middle = low.value + (high - low.value) // (2 * self.step) * self.step
            trial = self._settle(middle, low.value, high)
            low, high = (trial, high) if self._fits(trial) else (low, min(trial.value, middle))
        return low

    def _settle(self, value: int, low: int = -1, high: int | None = None) -> Trial:
        """Return the trial of a value or, if that is no network, of one near it that is; between bounds, if given."""
        near = (value + sign * self.step * n for n in range(1, MOST_UNSOUND + 1) for sign in (-1, 1))
        within = (each for each in near if low < each and (high is None or each < high))
        return self._find_sound(value, within) or self._try(value)
