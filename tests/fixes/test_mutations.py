"""The zoo with one token changed: the error is reported at the change, and a fix restores the network."""

from __future__ import annotations

from collections import Counter

import pytest
from mutations import ANY, KINDS, RESTORED, judge, make_slips, sum_verdicts


@pytest.mark.parametrize("slips", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_broken_zoo_is_answered_at_its_place(slips: int) -> None:
    found = sum_verdicts((slip, judge(slip)) for slip in make_slips(slips, seed=0))
    every = sum(found.values(), Counter[str]())
    assert all(found[kind]["broken"] for kind in KINDS)
    assert every[ANY] >= (0.95 if slips >= 1000 else 0.9) * every["broken"]
    assert every[RESTORED] >= (0.8 if slips >= 1000 else 0.7) * every["shape error"]
