"""Sets of sizes that repeat, against the sequences that they are made from."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.analyses.sizes.size_set import SizeSet, find_period_start, make_size_set

SEQUENCES = st.tuples(st.lists(st.booleans(), max_size=12), st.lists(st.booleans(), min_size=1, max_size=8))
"""What holds of the first numbers, and of a period of those behind."""


@given(SEQUENCES)
def test_a_set_has_the_numbers_that_it_is_made_from(sequence: tuple[list[bool], list[bool]]) -> None:
    first, period = sequence
    members = first + 2 * period
    start = find_period_start(members, len(period))
    assert start is not None
    assert start <= len(first) + 1
    sizes = make_size_set(members, len(period), start)
    longer = first + 9 * period
    assert [number in sizes for number in range(1, len(longer) + 1)] == longer
    expected = [number for number, holds in enumerate(longer, 1) if holds]
    assert [*islice(sizes.list_from(1), len(expected))] == expected
    assert sizes.smallest == min(expected, default=None)


@given(SEQUENCES, st.integers(1, 60))
def test_the_nearest_member_is_the_nearest_of_all(sequence: tuple[list[bool], list[bool]], number: int) -> None:
    first, period = sequence
    members = first + 2 * period
    start = find_period_start(members, len(period))
    assert start is not None
    longer = first + 90 * period
    distances = [(abs(each - number), -each) for each, holds in enumerate(longer, 1) if holds]
    nearest = make_size_set(members, len(period), start).find_nearest(number)
    assert nearest == (-min(distances)[1] if distances else None)


@given(SEQUENCES)
def test_no_smaller_modulus_or_start_describes_the_set(sequence: tuple[list[bool], list[bool]]) -> None:
    first, period = sequence
    members = first + 2 * period
    sizes = make_size_set(members, len(period), find_period_start(members, len(period)) or 0)
    doubled = make_size_set(first + 4 * period, 2 * len(period), len(first) + 1)
    assert sizes == doubled


@pytest.mark.parametrize(
    ("members", "period", "start"),
    [([True], 1, None), ([True, False, True, False], 2, 1), ([True, True, False, True], 2, None), ([], 1, None)],
)
def test_two_periods_are_needed(members: list[bool], period: int, start: int | None) -> None:
    assert find_period_start(members, period) == start


def test_a_finite_set_ends() -> None:
    sizes = SizeSet(9, 1, (), (2, 8))
    assert [*sizes.list_from(1)] == [2, 8]
    assert [*sizes.list_from(3)] == [8]
    assert 9 not in sizes
    assert sizes.find_nearest(1000) == 8
    assert SizeSet(1, 1, ()).smallest is None
