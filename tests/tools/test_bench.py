"""The benchmark of checks runs from beginning to end; what it measures needs an idle machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bench.timing import Comparison, Program, measure, report
from paths import ROOT

BENCH = ROOT / "tools" / "bench"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BENCH, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_runs_and_measures_another_checkout() -> None:
    done = run("--quick", "--before", ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("SpecNet before") == 4
    assert done.stdout.count("torchinfo") == 3
    assert "repeat" in done.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--pairs", "0"), "--pairs takes a whole number from 1"),
        (("--before", "nowhere"), "nowhere is no checkout of SpecNet"),
    ],
)
def test_what_it_cannot_measure_is_refused(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.endswith(f"{message}\n")


def program(code: str) -> Program:
    return Program((sys.executable, "-c", code), ROOT, ROOT)


def test_the_time_of_a_process_is_that_of_its_processor() -> None:
    busy, idle = (
        program("while __import__('time').process_time() < 0.3: pass"),
        program("__import__('time').sleep(0.3)"),
    )
    assert measure(busy) > 0.29 > measure(idle)


def test_a_program_that_fails_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measure(program("raise SystemExit(3)"))


def test_what_cannot_run_is_skipped_with_the_reason() -> None:
    others = {"other": program("pass"), "Keras": "keras is not installed"}
    title, other, skipped = report(Comparison("title", program("pass"), others), pairs=1)
    assert title.startswith("\ntitle ")
    assert "times as long" in other
    assert skipped.endswith("skipped: keras is not installed")
