"""Runs on shards that are killed in the middle of an epoch, or shared by two processes, end as any other run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from small_shards import draw_images, write_shards

SPEC = """
input 8x8x3
conv 8 F=3 P=1 bias=no -> bn -> relu -> pool avg global -> dropout 0.2 -> fc 3
train {
  data webdataset "train-{000..007}.tar" validation="val-000.tar"
  augment resized_crop -> flip horizontal -> brightness 0.25
  optimizer sgd lr=0.05 momentum=0.9
  normalize imagenet
  batch 16
  epochs 3
}
"""

STEPS = 100
"""The steps of an epoch."""

OFTEN = """
import sys
from specnet.cli import main
from specnet.training.data.streams import encoded_images
from specnet.training.engine import loop
loop.EPOCH_SAVE_INTERVAL, loop.STEP_SAVE_INTERVAL, loop.REPORT_INTERVAL = 0.0, 0.01, 0.0
encoded_images.WINDOW = 200_000
sys.exit(main(sys.argv[1:]))
"""
"""The command, which saves so often that a kill comes in the middle of an epoch, and whose windows have few shards."""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    write_shards(tmp_path, draw_images(1600, (20, 14)), shards=8)
    write_shards(tmp_path, draw_images(60, (16, 16), seed=1), shards=1, prefix="val")
    (tmp_path / "small.net").write_text(SPEC)
    return tmp_path / "small.net"


def begin(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", OFTEN, "train", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, without the time that they took."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines]


def read_step(folder: Path) -> int:
    """The step of the last checkpoint, 0 without one."""
    return max((int(path.stem) for path in folder.glob("checkpoint/*.json")), default=0)


def kill_in_an_epoch(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Kill a process behind the first new checkpoint in the middle of an epoch; return whether it was still there."""
    before = read_step(folder)
    while process.poll() is None:
        if (step := read_step(folder)) > before and step % STEPS:
            process.kill()
            process.wait()
            return True
        time.sleep(0.01)
    return False


@pytest.mark.slow
def test_a_run_on_shards_that_is_killed_in_an_epoch_ends_to_the_last_bit(spec: Path) -> None:
    whole, folder = spec.parent / "whole", spec.parent / "killed"
    assert begin(spec, "--run", whole).wait() == 0
    assert kill_in_an_epoch(begin(spec, "--run", folder), folder)
    assert kill_in_an_epoch(begin("--resume", folder), folder)
    assert begin("--resume", folder).wait() == 0
    ours, theirs = load_file(folder / "model.safetensors"), load_file(whole / "model.safetensors")
    assert all(ours[name].equal(theirs[name]) for name in theirs)
    assert read_metrics(folder) == read_metrics(whole)


@pytest.mark.slow
def test_two_processes_share_the_shards(spec: Path) -> None:
    """They read the same batches in two halves, with the same random changes."""
    spec.write_text(SPEC.replace(" -> bn", "").replace(" -> dropout 0.2", ""))
    single, pair = spec.parent / "single", spec.parent / "pair"
    for folder, options in ((single, []), (pair, ["--nproc", "2"])):
        command = [sys.executable, "-m", "specnet", "train", str(spec), "--run", str(folder), *options]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    for alone, shared in zip(read_metrics(single), read_metrics(pair), strict=True):
        assert alone["train_loss"] == pytest.approx(shared["train_loss"], rel=1e-3)
