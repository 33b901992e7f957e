"""The training benchmark runs from beginning to end; what it measures needs an idle machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from bench_train.gpu import (
    compare_with_plain_loop,
    measure_images_per_second,
    measure_multiplications_per_second,
    report_gpu,
)
from bench_train.timing import Ratio, compare, summarize
from paths import ROOT, SPECS

BENCH = ROOT / "tools" / "bench_train"


@pytest.mark.slow
def test_it_runs() -> None:
    done = subprocess.run([sys.executable, BENCH, "--quick"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for title in ("the textbook loop", "a loop tuned by hand", "SpecNet over a plain loop"):
        assert title in done.stdout
    assert "CUDA" in done.stdout or "images/s" in done.stdout


def test_it_refuses_a_count_that_is_none() -> None:
    done = subprocess.run([sys.executable, BENCH, "--pairs", "0"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith("--pairs takes a whole number from 1\n")


def test_a_published_network_is_timed_on_made_up_images(tmp_path: Path) -> None:
    spec = SPECS / "lenet5.net"
    rates = measure_images_per_second(spec, "cpu", batch=8, steps=2, folder=tmp_path / "run", repeats=3)
    assert len(rates) == 3
    assert all(rate > 0 for rate in rates)


def test_a_network_is_timed_beside_a_plain_loop(tmp_path: Path) -> None:
    ratio = compare_with_plain_loop(SPECS / "lenet5.net", "cpu", 8, tmp_path / "run", pairs=1, seconds=0.01)
    assert ratio.median > 0
    assert measure_multiplications_per_second("cpu", 32) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="would measure")
def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    (line,) = report_gpu(None, tmp_path)
    assert line.startswith("no CUDA device")


def test_the_interval_holds_the_median_in_95_of_100_cases() -> None:
    assert summarize(range(1, 16)) == Ratio(8, 4, 12)  # the binomial table: 15 pairs leave three at each end
    assert summarize([3.0, 1.0, 2.0]) == Ratio(2, 1, 3)
    assert summarize([5.0]) == Ratio(5, 5, 5)


def test_the_ratio_is_of_the_times_of_a_step() -> None:
    found = compare(lambda count: 0.01 * count, lambda count: 0.02 * count, pairs=5, seconds=0.1)
    assert found.median == pytest.approx(2)
