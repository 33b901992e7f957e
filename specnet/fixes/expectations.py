"""Fixes of an expectation that is not met: a number that closes the gap, groups of filters, or the expected value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isqrt

from specnet.analyses.expectations import QUANTITIES
from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit
from specnet.elaborate import Expectation
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.causes import USUAL
from specnet.fixes.numbers import Located, Numbers
from specnet.fixes.verification import MAX_WORK, BudgetSpent, Verifier
from specnet.source import Span

MAX_CLOSING = 0.5
"""The share of the budget that may be spent on numbers that close gaps."""

PATIENCE = 15
"""The search ends with so many numbers after the last one that closes the gaps."""

Recheck = Callable[[Sequence[Edit]], Checked]
"""Checks the edited spec as a whole."""

Measures = Mapping[str, int]
"""The gaps of the unmet expectations, or how much they change, by quantity."""

AS_IT_IS = 1.2
"""The cost of correcting the only expectation that is not met beside others that are."""

ALL_WRONG = 2.0
"""The cost of correcting an expectation where no other one is met."""


def correct_expectation(checked: Checked, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield the network's own value in place of the expected one, unless a bound is expected."""
    expected = find_expectation(checked, diagnostic.labels[0].span)
    actual = QUANTITIES[expected.quantity](checked.totals)
    if actual is not None and expected.comparison == "==":
        span = expected.value_span
        change = Change(f"expect {expected.quantity} {span.text}", f"{actual:_}", "", Edit(span, f"{actual:_}"))
        is_alone = len(checked.errors) == 1 and len(checked.elaborated.expectations) > 1
        yield Candidate((change,), AS_IT_IS if is_alone else ALL_WRONG)


def find_expectation(checked: Checked, span: Span) -> Expectation:
    """Return the expectation whose value is at a span."""
    return next(e for e in checked.elaborated.expectations if e.value_span == span)


def close_gaps(checked: Checked, numbers: Numbers, verifier: Verifier) -> Iterator[Candidate]:
    """Yield changes of one number that close the gaps between the totals and what is expected of them.

    A total is a polynomial in most numbers, linear or quadratic, and so two changes of a number give its solution.
    Raises BudgetSpent.
    """
    gaps = _measure_gaps(checked)
    if not gaps:
        return
    limit, since = verifier.work + MAX_CLOSING * MAX_WORK, -1
    for number in _list_numbers(checked, numbers, gaps):
        if verifier.work > limit:
            raise BudgetSpent
        if since == PATIENCE:
            break
        since += since >= 0
        for value in _solve(checked, number, gaps, verifier.recheck):
            since = 0
            is_usual = value in numbers.siblings[number.word, number.position]
            cost = 1.0 + min(0.5, 0.01 * abs(value - number.value)) - (USUAL if is_usual else 0.0)
            yield Candidate((numbers.change(number, value),), cost)


def _measure_gaps(checked: Checked) -> Measures:
    """Return the gap of each unmet expectation of equality."""
    gaps = dict[str, int]()
    for expected in checked.elaborated.expectations:
        actual = QUANTITIES[expected.quantity](checked.totals) if expected.quantity in QUANTITIES else None
        if actual is not None and expected.comparison == "==" and actual != expected.value < inf:
            gaps[expected.quantity] = int(expected.value - actual)
    return gaps


def _list_numbers(checked: Checked, numbers: Numbers, gaps: Measures) -> list[Located]:
    """Return the numbers of the spec; first those on lines whose MACs per parameter resemble those of the gaps.

    A layer of h×w positions takes about h·w MACs per parameter, so that two gaps tell how large the map is.
    """
    found = [number for _, on_line in numbers.lines for number in on_line]
    wanted = abs(gaps["macs"] / gaps["parameters"]) if gaps.keys() >= {"macs", "parameters"} else 0
    if not wanted:
        return found
    ratios = _measure_ratios(checked)
    return sorted(found, key=lambda number: abs(ratios.get(number.span.line, 0) / wanted - 1))


def _measure_ratios(checked: Checked) -> Mapping[int, float]:
    """Return the MACs per parameter of the layers that come of each line."""
    sums = dict[int, tuple[int, int]]()
    for name, cost in checked.costs.items():
        place = checked.elaborated.places[name]
        for span in (*place.trace, place.element):
            macs, parameters = sums.get(span.line, (0, 0))
            sums[span.line] = macs + (cost.macs or 0), parameters + cost.parameters
    return {line: macs / parameters for line, (macs, parameters) in sums.items() if parameters}


def _solve(checked: Checked, number: Located, gaps: Measures, recheck: Recheck) -> Iterator[int]:
    """Yield the values of a number with which all gaps may close."""
    for step in (1, -1, number.value):
        first = _measure_change(checked, number, step, gaps, recheck)
        if first:
            break
    else:
        return
    if not all(first.values()):
        return
    offsets = {gaps[name] * step / change for name, change in first.items()}
    if len({offset > 0 for offset in offsets}) > 1:
        return
    offset = offsets.pop()
    if not offsets and offset == int(offset):
        yield number.value + int(offset)
        if len(gaps) > 1:
            return
    second = _measure_change(checked, number, 2 * step, gaps, recheck)
    yield from _solve_quadratic(number.value, step, gaps, first, second) if second else ()


def _solve_quadratic(value: int, step: int, gaps: Measures, first: Measures, second: Measures) -> Iterator[int]:
    """Yield value + n·step where a·n² + b·n is the gap, with a and b from the changes at n = 1 and n = 2."""
    name = next(iter(gaps))
    a2, gap = second[name] - 2 * first[name], gaps[name]  # a2 is 2a, and 2b is 4·first − second
    b2 = 4 * first[name] - second[name]
    if a2 == 0:
        return
    square = b2 * b2 + 8 * a2 * gap
    if square >= 0 and isqrt(square) ** 2 == square:
        for root in (-b2 + isqrt(square), -b2 - isqrt(square)):
            n, rest = divmod(root, 2 * a2)
            if rest == 0 and n != 0 and value + n * step > 0:
                yield value + n * step


def _measure_change(checked: Checked, number: Located, step: int, gaps: Measures, recheck: Recheck) -> Measures | None:
    """Return how much the quantities change with a number; None if another error comes of it."""
    if number.value + step < 0:
        return None
    after = recheck([Edit(number.span, str(number.value + step))])
    if any(error.code is not Code.E402 for error in after.errors):
        return None
    changes = dict[str, int]()
    for name in gaps:
        before, now = QUANTITIES[name](checked.totals), QUANTITIES[name](after.totals)
        if before is None or now is None:
            return None
        changes[name] = now - before
    return changes
