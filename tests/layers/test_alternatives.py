"""The values of attributes that fixes try."""

from __future__ import annotations

import pytest

from specnet.layers.base.alternatives import LARGEST_DIVISOR, list_divisors, vary_groups


@pytest.mark.parametrize("number", [*range(1, 50), 360, 2_310, 65_536])
def test_all_divisors(number: int) -> None:
    assert list_divisors(number) == [each for each in range(1, number + 1) if number % each == 0]


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**63, 10**18])
def test_divisors_of_very_large_numbers(number: int) -> None:
    divisors = list_divisors(number)
    assert divisors[0] == 1 and divisors[-1] == number
    assert all(number % each == 0 for each in divisors) and len(divisors) < LARGEST_DIVISOR


def test_a_layer_of_a_single_group_keeps_it() -> None:
    assert not list(vary_groups("groups", 1, 2**63))
    assert [each.value for each in vary_groups("groups", 3, 8)] == [2, 4, 1, 8]
