"""The zoo with one token changed: the error is reported at the change, and a fix restores the network."""

from __future__ import annotations

from collections import Counter

import pytest
from mutations import ANY, KINDS, MAIN, NUMBERS, ORIGINAL, RESTORED, judge, make_slips, sum_verdicts


@pytest.mark.parametrize(("slips", "slack"), [(60, 0.1), pytest.param(2000, 0.0, marks=pytest.mark.slow)])
def test_a_broken_zoo_is_answered_at_its_place(slips: int, slack: float) -> None:
    found = sum_verdicts((slip, judge(slip)) for slip in make_slips(slips, seed=0))
    every = sum(found.values(), Counter[str]())
    for kind in KINDS:
        assert found[kind][ANY] >= (0.96 - slack) * found[kind]["broken"] > 0
    assert found[NUMBERS][MAIN] >= (0.85 - slack) * found[NUMBERS]["broken"]
    assert every[RESTORED] >= (0.9 - slack) * every["shape error"]
    assert every[ORIGINAL] >= (0.85 - slack) * every["shape error"]
