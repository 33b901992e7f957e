"""Mutated models of other tools end in a report or in one clear message, and nothing in them is executed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from model_mutations import mutate
from model_seeds import CAFFE
from paths import ROOT


def test_a_mutated_model_is_another_one_and_the_same_again() -> None:
    changed = [mutate(CAFFE.encode(), Random(seed)) for seed in range(50)]
    assert changed == [mutate(CAFFE.encode(), Random(seed)) for seed in range(50)]
    assert sum(each != CAFFE.encode() for each in changed) > 40


@pytest.mark.torch
@pytest.mark.parametrize("count", [150, pytest.param(4000, marks=pytest.mark.slow)])
def test_mutated_models_end_well(count: int, tmp_path: Path) -> None:
    """In a process of its own: an audit hook, once added, stays."""
    command = [sys.executable, str(ROOT / "tools/fuzz_models.py"), str(count), "3", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count:,} mutated models" in done.stdout
