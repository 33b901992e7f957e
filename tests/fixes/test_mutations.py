"""The zoo and docs/language.md with one token changed: errors are at the change, and a fix restores the network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from lessons import read_blocks
from mutations import ANY, KINDS, MAIN, NUMBERS, ORIGINAL, RESTORED, judge, make_slips, sum_verdicts
from paths import ROOT


@pytest.mark.parametrize(("slips", "slack"), [(40, 0.1), pytest.param(2000, 0.0, marks=pytest.mark.slow)])
def test_a_broken_zoo_is_answered_at_its_place(slips: int, slack: float) -> None:
    found = sum_verdicts((slip, judge(slip)) for slip in make_slips(slips, seed=0))
    every = sum(found.values(), Counter[str]())
    for kind in KINDS:
        assert found[kind][ANY] >= (0.96 - slack) * found[kind]["broken"] > 0
    assert found[NUMBERS][MAIN] >= (0.85 - slack) * found[NUMBERS]["broken"]
    assert every[RESTORED] >= (0.9 - slack) * every["shape error"]
    assert every[ORIGINAL] >= (0.85 - slack) * every["shape error"]


@pytest.mark.parametrize("slips", [40, pytest.param(600, marks=pytest.mark.slow)])
def test_loops_that_carry_given_layers_and_arms_are_answered_at_their_place(slips: int, tmp_path: Path) -> None:
    for block in read_blocks(ROOT / "docs" / "language.md"):
        if block.file_name and not block.words:
            (tmp_path / block.file_name).write_text(block.text, encoding="utf-8")
    found = sum((judge(slip) for slip in make_slips(slips, 0, tmp_path)), Counter[str]())
    assert found[ANY] >= 0.9 * found["broken"] > 0
    assert found[RESTORED] >= 0.9 * found["shape error"] > 0
    assert found[ORIGINAL] >= 0.7 * found["shape error"]
