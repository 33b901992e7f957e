"""Whoever stops a run is not kept waiting for a step that takes minutes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from paths import ROOT
from safetensors.torch import load_file
from small_jobs import job, training

from specnet.settings.epochs import Epochs
from specnet.training import Options, read_run_config, resume, train

SCRIPT = """
import sys, time
sys.path.insert(0, {tests!r})
from small_jobs import job, training
from specnet.cli.progress import Display
from specnet.option_names import naming_flags
from specnet.settings.epochs import Epochs
from specnet.training import Options, train
from specnet.training.engine import interruption, loop

loop.SLOW_STEP, interruption.PATIENCE = 0.0, 0.5
asked = job(training(epochs=Epochs(count=3)))
steps = 0

def dawdle(module, inputs):
    global steps
    steps += module.training
    if steps == {step} and module.training:
        print("slow", flush=True)
        time.sleep(60)

asked.module.register_forward_pre_hook(dawdle)
with naming_flags(), Display() as display:
    train(asked, Options(run={folder!r}), display)
"""


@pytest.mark.parametrize(
    ("step", "saved"),
    [(8, "all up to step 7"), pytest.param(1, "the last checkpoint", marks=pytest.mark.slow)],
)
def test_a_step_that_takes_too_long(tmp_path: Path, step: int, saved: str) -> None:
    folder = tmp_path / "run"
    script = SCRIPT.format(tests=str(ROOT / "tests" / "training"), step=step, folder=str(folder))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout
    assert process.stdout.readline() == "slow\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=30)[1]
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert err.endswith(f"interrupted; {saved} is saved in {folder}\nto resume: specnet train --resume {folder}\n"), err
    settings = training(epochs=Epochs(count=3))
    begun = read_run_config(folder)
    resume(begun, job(settings), begun.options)
    whole = train(job(settings), Options(run=tmp_path / "whole")).folder
    one, other = (load_file(place / "model.safetensors") for place in (folder, whole))
    assert all(one[name].equal(other[name]) for name in other)
