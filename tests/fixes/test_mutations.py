"""The zoo with one number or name changed: the error is reported at the change, and a fix restores the network."""

from __future__ import annotations

import pytest
from mutations import count_verdicts


@pytest.mark.parametrize("mutations", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_broken_zoo_is_answered_at_its_place(mutations: int) -> None:
    found = count_verdicts(mutations, seed=0)
    assert found["at its line"] >= (0.95 if mutations >= 1000 else 0.9) * found["broken"]
    assert found["restored"] >= (0.8 if mutations >= 1000 else 0.7) * found["shape error"]
