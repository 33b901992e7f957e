"""A run that is killed at any instant, again and again, ends as one that nothing happened to."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file
from scenes_of_squares import write_scenes

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

TASK = """
input 16x16x1
conv 8 F=3 P=1 bias=no -> bn -> relu -> {end}
train {{
  task {task}
  data {data}
  split validation=40
  augment noise 5
  optimizer adam lr=0.01
  average ema decay=0.9
  batch 16
  epochs 60
}}
"""

TASKS = {
    "segment": {"data": 'folder "scenes" masks="masks" classes=3', "end": "conv 3 F=3 P=1"},
    "denoise": {"data": 'npz "numbers.npz"', "end": "conv 1 F=3 P=1"},
    "regress": {"data": 'npz "numbers.npz"', "end": "pool max F=4 -> fc 2"},
    "multilabel": {"data": 'npz "flags.npz"', "end": "pool max F=4 -> fc 3"},
}

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


def write_sets(folder: Path) -> None:
    """Write the data of all tasks: scenes with masks, and 120 images with two numbers and with three classes."""
    write_scenes(folder / "scenes", images=120)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (120, 16, 16)).astype(np.uint8)
    np.savez(folder / "numbers.npz", x_train=images, y_train=random.normal(50, 9, (120, 2)))
    np.savez(folder / "flags.npz", x_train=images, y_train=random.integers(0, 2, (120, 3)).astype(np.uint8))


def list_checkpoints(folder: Path) -> set[str]:
    return {path.name for path in (folder / "checkpoint").glob("*.json")}


def wait_for_checkpoint(process: subprocess.Popen[bytes], folder: Path, before: set[str]) -> None:
    """Wait until a run has written another checkpoint."""
    while process.poll() is None and not list_checkpoints(folder) - before:
        time.sleep(0.01)


def read_result(folder: Path) -> dict[str, Any]:
    """The summary, without the time that it took."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return {k: v for k, v in summary.items() if k not in ("seconds", "images_per_second")}


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


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_run_of_each_task_is_killed_while_it_trains(task: str, tmp_path: Path) -> None:
    """Three times, at a random moment after it has written a checkpoint."""
    write_sets(tmp_path)
    spec, chance, folder, whole = tmp_path / "small.net", random.Random(task), tmp_path / "killed", tmp_path / "whole"
    spec.write_text(TASK.format(task=task, **TASKS[task]))
    assert begin(spec, "--run", whole).wait() == 0
    process = begin(spec, "--run", folder)
    for _ in range(3):
        wait_for_checkpoint(process, folder, list_checkpoints(folder))
        time.sleep(chance.uniform(0, 0.2))
        assert process.poll() is None, "the run ended before it could be killed"
        process.kill()
        process.wait()
        process = begin("--resume", folder)
    assert process.wait() == 0
    ours, theirs = load_file(folder / "model.safetensors"), load_file(whole / "model.safetensors")
    assert all(ours[name].equal(theirs[name]) for name in theirs)
    assert measured(folder) == measured(whole)
    assert read_result(folder) == read_result(whole)
    assert not list(folder.rglob(f"*{TEMPORARY}"))
