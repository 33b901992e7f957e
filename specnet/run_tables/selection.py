"""Choose and sort runs by the values of their columns: `width>=32`, `network=Res*`, `validation>97%`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from specnet.records import Record
from specnet.run_tables.columns import KNOWN, RunColumn, list_settings, make_column, parse_number
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training.runs.run_index import RunEntry

CONDITION = re.compile(r"\s*([\w.]+)\s*(>=|<=|!=|==|=|<|>)\s*(.+?)\s*")

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(Record):
    """A column, a comparison and a value; numbers are compared as such, other values as texts."""

    name: str
    sign: str
    value: str

    def holds(self, entry: RunEntry) -> bool:
        """Whether a run meets the condition; an unknown value meets none but `!=`."""
        found = make_column(self.name).value(entry)
        if self.sign in ("=", "==", "!="):
            return self._equals(found) == (self.sign != "!=")
        if found is None:
            return False
        numbers = parse_number(found), parse_number(self.value)
        if numbers[1] is None and numbers[0] is not None:
            raise ValueError(f"{self.name}{self.sign}{self.value}: {self.value} is no number, and {self.name} is one")
        compare = ORDERS[self.sign]
        return compare(str(found), self.value) if None in numbers else compare(*numbers)

    def _equals(self, found: object) -> bool:
        number = parse_number(self.value)
        if number is not None and parse_number(found) == number:
            return True
        return found is not None and fnmatchcase(str(found), self.value)


def parse_condition(text: str) -> Condition:
    """Return the condition of a text; raises ValueError."""
    if not (match := CONDITION.fullmatch(text)):
        raise ValueError("write a column, one of =, !=, <, <=, >, >=, and a value, as in width>=32")
    return Condition(*match.groups())


def check_column(name: str, entries: Iterable[RunEntry]) -> str:
    """Return the name of a column or of a setting of some run; raises ValueError for any other."""
    known = [*KNOWN, *list_settings(entries)]
    if name in known:
        return name
    hint = did_you_mean(find_closest_word(name, known))
    listed = ", ".join(KNOWN)
    raise ValueError(f"there is no column `{name}`{hint or f'; there are {listed}, and the names of settings'}")


def select_runs(entries: Sequence[RunEntry], conditions: Iterable[Condition]) -> list[RunEntry]:
    """Return the runs that meet all conditions; raises ValueError for a column that there is not."""
    chosen = list(entries)
    for condition in conditions:
        check_column(condition.name, entries)
        chosen = [entry for entry in chosen if condition.holds(entry)]
    return chosen


def sort_runs(entries: Sequence[RunEntry], name: str, is_reversed: bool = False) -> list[RunEntry]:
    """Return the runs by a column, from the smallest value, or from the best one of a metric; unknown ones are last.

    Raises ValueError for a column that there is not.
    """
    column = make_column(check_column(name, entries))
    known = [entry for entry in entries if column.value(entry) is not None]
    keys = _list_keys(column, known)
    order = sorted(range(len(known)), key=keys.__getitem__, reverse=is_reversed)
    return [known[place] for place in order] + [entry for entry in entries if column.value(entry) is None]


def _list_keys(column: RunColumn, entries: Sequence[RunEntry]) -> Sequence[Any]:
    """Return what each run is sorted by: its metric and how good it is, or a number, or else the text of the value."""
    values = [column.value(entry) for entry in entries]
    if column.is_result:
        signs = [-1 if entry.metric.larger_is_better else 1 for entry in entries]
        return [(entry.metric.name, sign * value) for entry, sign, value in zip(entries, signs, values, strict=True)]
    numbers = [parse_number(value) for value in values]
    return [*map(str, values)] if None in numbers else numbers
