"""Numbers that close the gap between what a network has and what it is expected to have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from specnet.analyses.expectations import QUANTITIES
from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix
from specnet.elaborate import Expectation
from specnet.fixes.numbers import numbers_of, replaced

MOST_MEASURED = 150
MOST_NODES_MEASURED = 15_000
"""Numbers that are tried out for one expectation, fewer in a large network."""

Again = Callable[[Sequence[Edit]], Checked]
"""Checks the spec with edits made."""


def closing_the_gap(checked: Checked, diagnostic: Diagnostic, again: Again) -> Iterator[Fix]:
    """Totals grow in proportion to each single number: one more of it says how many would close the gap."""
    expectation = next(e for e in checked.elaborated.expectations if e.value_span == diagnostic.labels[0].span)
    measure = QUANTITIES[expectation.quantity]
    actual = measure(checked.totals)
    most = min(MOST_MEASURED, MOST_NODES_MEASURED // (1 + len(checked.network.nodes)))
    for number in [n for line in checked.lines for n in numbers_of(line)][:most]:
        after = again(replaced(number, int(number.value) + 1).edits)
        if not _only_expectations_fail(after):
            after, step = again(replaced(number, int(number.value) - 1).edits), -1
            if number.value < 1 or not _only_expectations_fail(after):
                continue
        else:
            step = 1
        slope = (measure(after.totals) - actual) * step
        others = _missing(expectation, actual, slope)
        if others and number.value + others > 0:
            yield replaced(number, int(number.value) + others)


def _only_expectations_fail(checked: Checked) -> bool:
    return all(error.code is Code.E402 for error in checked.errors)


def _missing(expectation: Expectation, actual: int, slope: int) -> int:
    """How many more of a number close the gap; 0 where no whole number does."""
    gap = expectation.value - actual
    whole = expectation.comparison == "==" and slope and gap % slope == 0
    return int(gap // slope) if whole else 0
