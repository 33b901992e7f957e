"""One training at a time in a folder, and a process that was killed leaves no lock behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_jobs import Notebook, job, training

from specnet.settings.optimizer import Sgd
from specnet.training import CannotRun, NotFinite, Options, Plan, files, read_run_config, resume, train

HOLDER = """
import os, sys, time
from pathlib import Path
from filelock import FileLock
with FileLock(sys.argv[1]):
    Path(sys.argv[1]).with_name("lock.pid").write_text(str(os.getpid()))
    print("held", flush=True)
    time.sleep(60)
"""
"""A process that holds a lock, without the seconds that importing torch takes."""


class Doubling(Notebook):
    """Tries to resume the run from within it."""

    def on_train_begin(self, plan: Plan) -> None:
        begun = read_run_config(plan.folder)
        with pytest.raises(CannotRun, match=rf"a training is going on in {plan.folder} \(process {os.getpid()}\)"):
            resume(begun, job(), begun.options)
        super().on_train_begin(plan)


def test_two_trainings_in_one_folder(tmp_path: Path) -> None:
    callback = Doubling()
    run = train(job(), Options(run=tmp_path / "run"), callback)
    assert callback.plans
    assert not (run.folder / files.LOCK).exists()
    begun = read_run_config(run.folder)
    resume(begun, job(), begun.options)


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / files.LOCK)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    assert files.is_locked(tmp_path)
    with pytest.raises(CannotRun, match=f"process {process.pid}"), files.lock_folder(tmp_path):
        pass
    process.kill()
    process.communicate()
    assert (tmp_path / files.HOLDER).exists()
    assert not files.is_locked(tmp_path)
    with files.lock_folder(tmp_path):
        assert files.is_locked(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **how: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files.FileLock, "acquire", refuse)
    with files.lock_folder(tmp_path):
        assert not files.is_locked(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CannotRun, match="lock cannot be written"), files.lock_folder(tmp_path / "taken"):
        pass
    assert not files.is_locked(tmp_path / "taken")


def test_a_failure_is_written_down_and_forgotten(tmp_path: Path) -> None:
    with pytest.raises(NotFinite):
        train(job(training(optimizer=Sgd(lr=1e25))), Options(run=tmp_path / "run", precision="fp32"))
    assert "is not finite" in (tmp_path / "run/failure.json").read_text()
    begun = read_run_config(tmp_path / "run")
    resume(replace(begun, training=training()), job(), begun.options)
    assert not (tmp_path / "run/failure.json").exists()
