"""CONTRIBUTING's diffs: they apply to the code as it is, and what they add trains."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

DIFFS = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)

PROGRAM = '''
import sys
import specnet

TEXT = """
input 8x8x1
conv K=4 F=3 P=1 -> relu -> pool max F=2
fc 10
train {
  data noise images=64
  augment posterize 3
  loss poly epsilon=2
  optimizer adagrad lr=0.1
  schedule polynomial power=2
  batch 16
  epochs 2
}
"""
assert specnet.check(TEXT).ok
print(specnet.train(TEXT, run=sys.argv[1]).summary["epochs"])
'''


@pytest.mark.torch
@pytest.mark.skipif(shutil.which("git") is None, reason="git, which applies the diffs, is not installed")
def test_the_diffs_apply_and_train(tmp_path: Path) -> None:
    assert len(DIFFS) == 5
    unfinished = shutil.ignore_patterns("*.pyc.*")  # bytecode that another process is writing
    for folder in ("specnet", "grammars"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=unfinished)
    for diff in DIFFS:
        touched = re.findall(r"^\+\+\+ (\S+)", diff, re.MULTILINE)
        assert 1 <= len(touched) <= 2, f"more than two files: {touched}"
        subprocess.run(["git", "apply", "-p0"], input=diff, text=True, cwd=tmp_path, check=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "run")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "2", done.stderr
