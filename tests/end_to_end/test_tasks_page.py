"""The specs of docs/tasks.md for MNIST are checked without a word, and train."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from paths import ROOT
from small_sets import write_mnist

import specnet

PAGE = (ROOT / "docs/tasks.md").read_text(encoding="utf-8")
SPECS = [spec for spec in re.findall(r"```net\n(.*?)```", PAGE, re.DOTALL) if " mnist\n" in spec]


@pytest.mark.torch
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.split()[1])
def test_a_spec_trains(spec: str, tmp_path: Path) -> None:
    write_mnist(tmp_path, train=40, test=10)
    assert [each for each in specnet.check(spec).diagnostics if each.severity != "note"] == []
    settings = {"split.validation": 10, "epochs": 1, "batch": 15}
    run = specnet.train(spec, settings, run=tmp_path / "run", data_dir=tmp_path)
    assert run.summary[f"test_{run.summary['metric']['name']}"] is not None
