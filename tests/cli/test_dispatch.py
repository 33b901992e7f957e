"""What the command does where its output cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from paths import SPECS

from specnet.cli import main

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


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["train", "a.net", "--lr", "3"], "takes no `--lr`; it is a setting: `--set optimizer.lr=3`"),
        (["train", "a.net", "--lr=3"], "takes no `--lr=3`; it is a setting: `--set optimizer.lr=3`"),
        (["train", "a.net", "--learning-rate", "3"], "it is a setting: `--set optimizer.lr=3`"),
        (["check", "a.net", "--patience"], "it is a setting: `--set stop.patience=VALUE`"),
        (["runs", "--lr", "3"], "takes no `--lr`; --help lists what it takes"),
        (["check", "--formt", "json"], "did you mean `--format`?"),
        (["train", "--nonsense"], "takes no `--nonsense`; --help lists what it takes"),
    ],
)
def test_an_option_that_there_is_not(words: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert hint in capsys.readouterr().err


def test_warnings_of_libraries_are_not_shown() -> None:
    """Where Python is not asked to show them; those that a user should know are notes of the commands."""
    code = "import sys, warnings; from specnet.cli import main; sys.argv[1:] = ['check', '-']; main()"
    code += "; warnings.warn('odd')"
    for options, shown in (((), False), (("-W", "always"), True)):
        done = subprocess.run(
            [sys.executable, *options, "-c", code],
            input="input 9x9x1\nfc 2\n",
            text=True,
            capture_output=True,
            check=True,
        )
        assert ("UserWarning: odd" in done.stderr) == shown
