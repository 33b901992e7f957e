"""The search for the largest value within budgets, on functions instead of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.analyses.budgets import MAX_TRIALS, BudgetSearch, Trial
from specnet.analyses.value_grid import ValueGrid, make_grid

Quantity = Callable[[int], int]


def search(start: int, budgets: Mapping[str, float], step: int = 1, last: int = 10**9, **of: Quantity) -> BudgetSearch:
    """Search where multiples of a step up to a last one are networks."""

    def measure(value: int) -> Trial:
        if value % step or not 0 < value <= last:
            return Trial(value, {}, f"{value} is no network")
        return Trial(value, {name: count(value) for name, count in of.items()})

    found = BudgetSearch(measure, budgets)
    found.run(start)
    return found


@given(
    start=st.integers(1, 300),
    step=st.integers(1, 32),
    slope=st.integers(1, 50),
    power=st.integers(1, 3),
    budget=st.integers(1, 10**9),
    last=st.integers(1, 10**5),
)
def test_the_result_is_the_largest_value_of_a_growing_quantity(
    start: int, step: int, slope: int, power: int, budget: int, last: int
) -> None:
    start, last = start * step, max(last, 400) * step
    found = search(start, {"macs": budget}, step, last, macs=lambda value: slope * value**power)
    fits = [value for value in range(step, min(last, 10**6) + 1, step) if slope * value**power <= budget]
    if not found.is_complete:  # a linear quantity takes many doublings
        assert len(found.tried) == MAX_TRIALS
        return
    assert (found.best.value if found.best else None) == (max(fits) if fits else None) or max(fits) + step > 10**6
    if found.best and found.best.value + step <= last:
        assert found.next_over is not None
        assert found.next_over.value == found.best.value + step
        assert found.list_exceeded(found.next_over) == ["macs"]


def test_all_budgets_hold() -> None:
    found = search(10, {"macs": 1000, "memory": 50}, macs=lambda v: v * v, memory=lambda v: 2 * v)
    assert found.best == Trial(25, {"macs": 625, "memory": 50})
    assert found.next_over
    assert found.list_exceeded(found.next_over) == ["memory"]


def test_a_start_over_the_budget_is_left_downwards() -> None:
    found = search(640, {"macs": 100}, 32, macs=lambda v: v)
    assert found.best == Trial(96, {"macs": 96})


def test_a_start_that_is_no_network_is_left_for_one_nearby() -> None:
    found = search(61, {"macs": 1000}, 8, macs=lambda v: v)
    assert found.best == Trial(1000, {"macs": 1000})
    assert found.step == 8


def test_a_budget_that_nothing_meets_has_its_least_quantity() -> None:
    found = search(64, {"macs": 3}, 8, macs=lambda v: v)
    assert found.best is None
    assert found.find_smallest("macs") == Trial(8, {"macs": 8})
    assert found.is_complete


def test_budgets_that_contradict_each_other_are_met_by_nothing() -> None:
    found = search(64, {"macs": 50, "memory": 5}, macs=lambda v: v, memory=lambda v: 1000 // v)
    assert found.best is None
    assert found.is_complete


def test_a_quantity_that_falls_is_searched_upwards_to_the_last_network() -> None:
    found = search(4, {"macs": 30}, 1, 77, macs=lambda v: 1000 // v)
    assert found.best == Trial(77, {"macs": 12})
    assert found.next_over is None


def test_a_value_behind_a_gap_is_found() -> None:
    found = search(4, {"macs": 100}, 1, 500, macs=lambda v: 10_000 if 10 <= v < 20 else v)
    assert found.best == Trial(100, {"macs": 100})


def test_values_that_change_nothing_end_the_search() -> None:
    found = search(4, {"macs": 100}, macs=lambda v: 7)
    assert found.changes_nothing
    assert len(found.tried) < 20


def test_a_search_without_end_ends() -> None:
    found = search(1, {"macs": 10**12}, macs=lambda v: v.bit_length())
    assert found.best
    found = search(1, {"macs": 100}, macs=lambda v: 99 if v % 2 else 101)
    assert len(found.tried) <= MAX_TRIALS


def test_nothing_is_found_where_nothing_is_a_network() -> None:
    found = search(5, {"macs": 100}, step=1000, macs=lambda v: v)
    assert found.best is None
    assert found.find_smallest("macs") is None


@pytest.mark.parametrize(
    ("written", "exponent", "number", "next_one"),
    [
        (64, None, 64, "65"),
        (1.0, -2, 100, "1.01"),
        (0.25, -3, 250, "0.251"),
        (1234.5, 1, 123, "1240.0"),
        (0.0, -2, 0, "0.01"),
    ],
)
def test_decimals_have_three_digits(written: float, exponent: int | None, number: int, next_one: str) -> None:
    grid = make_grid(written)
    assert grid == ValueGrid(exponent)
    assert grid.place(written) == number
    assert grid.write(number + 1) == next_one
