"""A run that is killed at any instant, again and again, ends as one that nothing happened to."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from specnet.atomic_write import TEMPORARY

KILLS = 30

SPEC = """
input 8x8x1
conv 16 F=3 P=1 bias=no -> bn -> relu -> pool max F=2
conv 32 F=3 P=1 -> relu -> pool avg global -> dropout 0.2 -> fc 10
train {
  data digits
  split validation=200
  augment shift 1 -> flip alternating -> mixup 0.2
  optimizer sgd lr=0.1 momentum=0.9 nesterov
  schedule onecycle
  average ema decay=0.9
  batch 64
  epochs 40
}
"""

OFTEN = """
import sys
from specnet.cli import main
from specnet.training.engine import loop
loop.EPOCH_SAVE_INTERVAL, loop.STEP_SAVE_INTERVAL = 0.0, 0.05
sys.exit(main(sys.argv[1:]))
"""
"""The command, which saves so often that a kill is likely to come in the middle of it."""


def begin(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", OFTEN, "train", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measured(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, without the time that they took."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines]


@pytest.mark.slow
def test_killed_at_thirty_instants(tmp_path: Path) -> None:
    spec, chance, kills, run = tmp_path / "small.net", random.Random(0), 0, 0
    spec.write_text(SPEC)
    whole = tmp_path / "whole"
    assert begin(spec, "--run", whole).wait() == 0
    while kills < KILLS:
        folder, run = tmp_path / f"killed{run}", run + 1
        process = begin(spec, "--run", folder)
        while process.poll() is None:
            try:
                process.wait(chance.uniform(0.5, 6.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                has_begun = (folder / "config.json").exists()
                process = begin("--resume", folder) if has_begun else begin(spec, "--run", folder)
        assert process.returncode == 0
        ours, theirs = load_file(folder / "model.safetensors"), load_file(whole / "model.safetensors")
        assert all(ours[name].equal(theirs[name]) for name in theirs)
        assert measured(folder) == measured(whole)
        assert not list(folder.rglob(f"*{TEMPORARY}"))
