"""What the command does where its output cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from paths import SPECS

CHECK = [sys.executable, "-m", "specnet", "check", str(SPECS / "lenet5.net")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_output_is_an_error_of_its_own() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(CHECK, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "the output cannot be written: no space left on device" in done.stderr


def test_a_closed_output_is_an_error_of_its_own() -> None:
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *CHECK], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "error: the output cannot be written: it is closed\n")


def test_messages_that_nobody_hears_change_nothing() -> None:
    for closed in ("2>&-", "2>/dev/full"):
        done = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *CHECK], stdout=subprocess.PIPE, text=True)
        assert (done.returncode, done.stdout.count("ok, digest")) == (0, 1)
